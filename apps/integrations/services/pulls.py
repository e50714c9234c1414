"""Files that are fetched by themselves, on a schedule."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.audit.services import audited, record
from apps.core.errors import RuleViolation
from apps.core.ids import new_id
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.integrations import fetching, vault
from apps.integrations.enums import PULL, DeliveryState
from apps.integrations.models import Delivery, Pull
from apps.integrations.services.uploads import request_load, upload_files
from apps.notifications.services import notify
from apps.organizations.models import Job, Member, Organization
from apps.organizations.services import request_job


@audited("integrations.pull.saved")
def save_pull(
    pull: Pull | None,
    *,
    name: str,
    kind: str,
    address: str,
    pattern: str = "*",
    username: str = "",
    password: str = "",
    host_key: str = "",
    hour: int | None = None,
    is_active: bool = True,
    actor: Member,
) -> Pull:
    """Set where files are fetched from: every hour, or once a day at `hour` of the company's time.

    An empty password keeps the one that is stored, unless the address changed: it is never sent to another place.
    What is fetched is loaded in the name of who saved it last, and they are told of trouble.
    """
    require(actor, "integrations.pull.change")
    pull = Pull.objects.select_for_update(of=("self",)).get(pk=pull.pk) if pull is not None else Pull()
    if (pull.kind, pull.address) != (kind, address):
        pull.seen, pull.secret = {}, ""
    pull.name, pull.kind, pull.address, pull.pattern = name, kind, address, pattern or "*"
    pull.username, pull.host_key, pull.hour, pull.is_active = username, host_key, hour, is_active
    pull.secret = vault.locked(password) or pull.secret
    pull.set_up_by = actor
    if kind == "folder":
        fetching.folder_of(_place(pull))
    pull.save()
    _enter(pull)
    record(name=name, kind=kind)
    return pull


def _enter(pull: Pull) -> None:
    """The scheduler's entry, at a minute of its own, in the company's time zone."""
    organization = Organization.objects.get(pk=require_organization_id())
    crontab, _new = CrontabSchedule.objects.get_or_create(
        minute=str(zlib.crc32(pull.pk.bytes) % 60),
        hour="*" if pull.hour is None else str(pull.hour),
        day_of_week="*",
        day_of_month="*",
        month_of_year="*",
        timezone=organization.time_zone,
    )
    PeriodicTask.objects.update_or_create(
        name=f"integrations.pull.{pull.pk}",
        defaults={
            "task": "apps.integrations.tasks.pull_due",
            "crontab": crontab,
            "interval": None,
            "args": json.dumps([str(organization.pk), str(pull.pk)]),
            "enabled": pull.is_active,
        },
    )


def request_pull(pull: Pull, *, now: bool = False, actor: Member) -> Job:
    """Want one visit: once a period however often the scheduler asks, or `now` because a person asks."""
    if now:
        require(actor, "integrations.pull.change")
    local = timezone.localtime(timezone.now(), pull.organization.zone)
    period = f"now-{new_id()}" if now else local.strftime("%Y-%m-%dT%H" if pull.hour is None else "%Y-%m-%d")
    key = f"{pull.pk}:{period}"
    done = Job.objects.filter(kind=PULL, key=key).first()
    return done or request_job(PULL, key=key, actor=actor, pull=str(pull.pk), period=period)


@audited("integrations.pull.visited")
def visit_pull(pull: Pull, *, period: str, actor: Member) -> Delivery:
    """Fetch what is new and want it loaded. Trouble is written into the log of deliveries and told to who set it up."""
    pull = Pull.objects.select_for_update(of=("self",)).select_related("set_up_by").get(pk=pull.pk)
    known = Delivery.objects.filter(pull=pull, period=period).first()
    if known is not None:
        return known
    delivery = Delivery(pull=pull, period=period, state=DeliveryState.NOTHING)
    try:
        files, host_key = fetching.fetch(_place(pull), pull.seen)
        delivery.files = [file.name for file in files]
        if files:
            pull.seen = {**pull.seen, **{file.name: file.version for file in files}}
            pull.host_key = pull.host_key or host_key
            pull.save()
            upload = upload_files([ContentFile(f.content, name=f.name) for f in files], actor=pull.set_up_by)
            delivery.job = request_load(upload, actor=pull.set_up_by).pk
            delivery.state = DeliveryState.FETCHED
    except RuleViolation as error:
        delivery.state, delivery.message = DeliveryState.FAILED, str(error)[:300]
        notify(
            [pull.set_up_by],
            key=f"pull:{pull.pk}:{period}",
            text=lambda: _("A scheduled import could not fetch its files."),
            path=f"pulls/{pull.pk}/",
            mail=True,
            actor=actor,
        )
    delivery.save()
    record(state=delivery.state, files=delivery.files)
    return delivery


def _place(pull: Pull) -> fetching.Place:
    organization = Organization.objects.get(pk=require_organization_id())
    values: dict[str, Any] = {
        name: getattr(pull, name) for name in ("kind", "address", "pattern", "username", "host_key")
    }
    return fetching.Place(
        **values, secret=vault.opened(pull.secret), root=Path(settings.IMPORT_FOLDER) / organization.code
    )
