"""Telling people, and noting what they have read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from django.utils import timezone, translation

from apps.audit.services import audited, record
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.notifications.models import Notification
from apps.organizations.models import Member, Organization
from apps.organizations.services import request_job

MAIL = "notifications.mail"


def language_of(member: Member, organization: Organization) -> str:
    """The language a member reads: the login's choice, else the organization's."""
    return (member.user.language if member.user else "") or organization.language


@audited("notifications.notification.sent")
def notify(
    members: Iterable[Member],
    *,
    key: str,
    text: str | Callable[[], str],
    path: str = "",
    mail: bool = False,
    actor: Member,
) -> list[Notification]:
    """Put a line into the inbox of each member, and into their mail if `mail`; returns the new lines.

    `text` may be a lazy translation or a function without arguments: it is written in each recipient's language.
    `path` leads to the work, relative to the organization ("rectification/…"). The same `key` reaches a member once,
    however often the news is sent. Mail leaves by a job when the transaction commits. Neither holds book
    quantities, money, or a person as a cause: mail is read in places that we do not know.
    """
    organization = Organization.objects.get(pk=require_organization_id())
    wanted = {member.pk: member for member in members if member.is_active and not member.is_system}
    known = Notification.objects.filter(key=key, member__in=wanted).values_list("member_id", flat=True)
    for member_id in list(known):
        del wanted[member_id]
    lines = []
    for member in wanted.values():
        with translation.override(language_of(member, organization)):
            written = str(text() if callable(text) else text)[:300]
        lines.append(Notification(member=member, key=key[:120], text=written, url=path[:300]))
    Notification.objects.bulk_create(lines, ignore_conflicts=True)
    if mail:
        for line in lines:
            if line.member.email:
                request_job(MAIL, key=str(line.pk), notification=str(line.pk), actor=actor)
    record(key=key, members=[line.member.username for line in lines], mail=mail)
    return lines


@audited("notifications.notification.read")
def mark_read(*, ids: Iterable[UUID] | None = None, actor: Member) -> int:
    """Mark the actor's own lines as read, those named or all; returns how many. Reading twice changes nothing."""
    require(actor, "notifications.notification.read")
    lines = Notification.objects.filter(member=actor, read_at__isnull=True)
    if ids is not None:
        lines = lines.filter(pk__in=list(ids))
    read = lines.update(read_at=timezone.now())
    record(lines=read)
    return read
