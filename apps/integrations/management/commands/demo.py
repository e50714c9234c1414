"""`manage.py demo`: open the demo companies; with --story, tell the loop of the first one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.approvals.selectors import trail
from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.integrations.management.commands._demo_company import COMPANIES, PASSWORD, DemoCompany, write_bundle
from apps.integrations.management.commands._demo_story import Story, play
from apps.integrations.services import load_bundle
from apps.movements.selectors import stock_now
from apps.movements.services import refresh_chain
from apps.organizations.models import Organization, User
from apps.organizations.selectors import find_organization, people, system_member
from apps.organizations.services import link_login, open_organization
from apps.rectification.selectors import KIND


class Command(BaseCommand):
    help = "Open the demo companies (once) and print their logins; --story tells the loop of the first one."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--story", action="store_true", help="print the variance, causes, approvals and the PDF")

    def handle(self, *args: Any, story: bool = False, **options: Any) -> None:
        said: list[str] = []
        with translation.override(settings.LANGUAGE_CODE), origin("command"):
            try:
                for company in COMPANIES:
                    organization = self._open(company)
                    if company.has_story:
                        with organization_scope(organization), timezone.override(organization.zone):
                            told = play(said.append)
                            if story:
                                self._tell(organization, told, said)
            except RuleViolation as error:
                raise CommandError("\n".join([str(error), *map(str, error.rows)])) from error
            if not story:
                self._logins()

    def _open(self, company: DemoCompany) -> Organization:
        organization = find_organization(company.code)
        if organization is not None:
            return organization
        with transaction.atomic():
            organization = open_organization(company.code, name=company.name, is_demo=True)
            with organization_scope(organization), timezone.override(organization.zone):
                with tempfile.TemporaryDirectory() as folder:
                    write_bundle(company, Path(folder), today=timezone.localtime())
                    load_bundle(Path(folder), actor=system_member())
                refresh_chain(actor=system_member())
                for member in people():
                    user = User.objects.filter(username=member.username).first()
                    if user is None:
                        user = User(username=member.username, email=member.email, first_name=member.name)
                        user.set_password(PASSWORD)
                        user.save()
                    link_login(member, user=user, actor=system_member())
        return organization

    def _logins(self) -> None:
        self.stdout.write(_("Demo logins, all with the password %(password)s:") % {"password": PASSWORD})
        for company in COMPANIES:
            organization = find_organization(company.code)
            if organization is None:
                continue
            with organization_scope(organization):
                self.stdout.write(f"  {organization.name}  /o/{organization.code}/")
                for member in people().filter(user__isnull=False):
                    self.stdout.write(f"    {member.username:<10} {member.name}  {'、'.join(member.role_names)}")

    def _tell(self, organization: Organization, told: Story, said: list[str]) -> None:
        variance, write = told.variance, self.stdout.write
        write(f"{organization.name} · {told.count.count_no} {told.count.name} · {told.count.warehouse}")
        for line in said:
            write(f"  {line}")
        write("")
        write(_("item") + f"  {variance.stock_line.item}  {variance.stock_line.location}")
        write("  " + _("book") + f"        {_plain(variance.book)}")
        write("  " + _("counted") + f"        {_plain(variance.counted)}")
        write("  " + _("variance") + f"        {_plain(variance.quantity)}")
        for cause in variance.causes.select_related("cause_type", "department").prefetch_related(
            "evidence__document_line__document"
        ):
            documents = "、".join(
                str(proof.document_line.document) for proof in cause.evidence.all() if proof.document_line
            )
            write(
                f"    {_plain(cause.quantity):>6}  {cause.cause_type.code:<18} {cause.cause_type}"
                f"  {cause.department or ''}  {documents}"
            )
        write(f"    {_plain(variance.unexplained):>6}  {'unexplained':<18} " + _("unexplained"))
        write("")
        write(_("approvals") + f"  {told.adjustment.adjustment_no}  {told.adjustment.get_state_display()}")
        write("  " + _("proposed by") + f"  {told.adjustment.proposed_by}  {_moment(told.adjustment.proposed_at)}")
        decisions = [d for approval in trail(KIND, told.adjustment.pk) for d in approval.decisions.all()]
        for decision in decisions:
            write(f"  {decision.get_answer_display()}  {decision.member}  {_moment(decision.decided_at)}")
        write("  " + _("posted by") + f"  {told.adjustment.posted_by}  {_moment(told.adjustment.posted_at)}")
        stock = stock_now().get(pk=variance.stock_line_id)
        write("  " + _("stock after posting") + f"  {_plain(stock.quantity)}")
        write("")
        write(_("report") + f"  {told.report}  {told.report.get_state_display()}  {told.report.signer_name}")
        write(f"  SHA-256  {told.report.sha256}")
        write(f"  PDF      {default_storage.path(str(told.report.file.name))}")


def _plain(number: Any) -> str:
    return f"{number.normalize():f}".replace("-", "−")


def _moment(moment: Any) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""
