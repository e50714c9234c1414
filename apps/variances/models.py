from __future__ import annotations

from decimal import Decimal
from pathlib import PurePath

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey, TenantOneToOneField
from apps.counts.models import Count, CountEntry, CountLine
from apps.movements.models import DocumentLine, StockLine
from apps.organizations.models import Department, Member
from apps.variances.enums import (
    CAUSE_NAMES,
    EDITABLE_STATES,
    CauseGroup,
    EvidenceKind,
    Sign,
    VarianceState,
    Verdict,
)

CAUSES_ADD_UP = """
    PERFORM set_config('stockcheck.organization', {row}.organization_id::text, true);
    PERFORM 1 FROM variances_variance AS v
    WHERE v.organization_id = {row}.organization_id AND v.id = {variance} AND v.quantity <> v.unexplained
        + coalesce((SELECT sum(c.quantity) FROM variances_cause AS c
            WHERE c.organization_id = v.organization_id AND c.variance_id = v.id), 0);
    IF FOUND THEN RAISE EXCEPTION 'causes and the unexplained rest do not add up to the variance'
        USING errcode = '23514'; END IF;
    PERFORM set_config('stockcheck.organization', before, true);
    RETURN NULL;
"""


def adds_up(
    name: str,
    operation: pgtrigger.Operation,
    row: str,
    variance: str,
    condition: pgtrigger.Condition | None = None,
) -> pgtrigger.Trigger:
    """A deferred trigger for law 5. It enters the row's organization itself: at commit the scope has already ended,
    and row-level security would hide what is to be checked."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=operation,
        timing=pgtrigger.Deferred,
        condition=condition,
        declare=[("before", "text := coalesce(current_setting('stockcheck.organization', true), '')")],
        func=CAUSES_ADD_UP.format(row=row, variance=f"{row}.{variance}"),
    )


class CauseType(OrganizationOwned):
    """A word of the taxonomy. `code` of an organization's own type hangs below a built-in one (`parent`)."""

    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("own name"), max_length=100, blank=True)
    group = models.CharField(_("group"), max_length=1, choices=CauseGroup.choices)
    sign = models.CharField(_("sign"), max_length=1, choices=Sign.choices, default=Sign.ANY)
    parent = TenantForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("below")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("cause type")
        verbose_name_plural = _("cause types")
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="cause_type_once")]

    def __str__(self) -> str:
        return self.name or str(CAUSE_NAMES.get(self.code, self.code))


class Variance(OrganizationOwned):
    """A counted line that differs from its book: quantity = counted − book, loss is negative.

    Numbers are those of the close and never change; `value` = quantity × unit cost, rounded to cents.
    """

    count = TenantForeignKey(Count, models.PROTECT, related_name="variances", verbose_name=_("count"))
    count_line = TenantOneToOneField(
        CountLine, models.PROTECT, related_name="variance_row", verbose_name=_("count line")
    )
    stock_line = TenantForeignKey(StockLine, models.PROTECT, related_name="variances", verbose_name=_("stock line"))
    book = QuantityField(_("book"))
    counted = QuantityField(_("counted"))
    quantity = QuantityField(_("variance"))
    unit_cost = QuantityField(_("unit cost"))
    value = QuantityField(_("value"))
    percent = QuantityField(_("per cent of the book"), null=True)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    unexplained = QuantityField(_("unexplained"))
    state = models.CharField(_("state"), max_length=10, choices=VarianceState.choices, default=VarianceState.OPEN)
    assignee = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("investigator")
    )
    due_on = models.DateField(_("to be explained by"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("variance")
        verbose_name_plural = _("variances")
        ordering = ["count", "value"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity=F("counted") - F("book")), name="variance_sign"),
            models.CheckConstraint(condition=~Q(quantity=0), name="variance_differs"),
        ]
        indexes = [
            models.Index(fields=["organization", "count", "value"], name="variance_by_value"),
            models.Index(fields=["organization", "state"], name="variance_by_state"),
        ]
        triggers = [
            adds_up(
                "rest_starts_whole",
                pgtrigger.Insert,
                "NEW",
                "id",
                pgtrigger.Condition("NEW.quantity <> NEW.unexplained"),
            ),
            adds_up("causes_add_up", pgtrigger.UpdateOf("quantity", "unexplained"), "NEW", "id"),
        ]

    def __str__(self) -> str:
        return str(self.stock_line)

    @property
    def explained(self) -> Decimal:
        return self.quantity - self.unexplained

    @property
    def ratio(self) -> Decimal | None:
        """Share of the book, −0.0333 for −3.33 %; None where the book is empty."""
        return None if self.percent is None else self.percent / 100

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE_STATES


class Cause(OrganizationOwned):
    """A signed quantity of a variance that a person explained. `person` only where a person is the cause."""

    variance = TenantForeignKey(Variance, models.PROTECT, related_name="causes", verbose_name=_("variance"))
    cause_type = TenantForeignKey(CauseType, models.PROTECT, related_name="+", verbose_name=_("cause"))
    quantity = QuantityField(_("quantity"))
    department = TenantForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    person = TenantForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    confirmed_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("confirmed by"))
    confirmed_at = models.DateTimeField(_("confirmed"), default=timezone.now)

    class Meta:
        verbose_name = _("cause")
        verbose_name_plural = _("causes")
        ordering = ["confirmed_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="cause_explains_something"),
        ]
        triggers = [
            adds_up(
                "causes_add_up",
                pgtrigger.Insert | pgtrigger.UpdateOf("quantity", "variance_id"),
                "NEW",
                "variance_id",
            ),
            adds_up("causes_still_add_up", pgtrigger.Delete, "OLD", "variance_id"),
        ]

    def __str__(self) -> str:
        return f"{self.cause_type} {self.quantity}"


def evidence_path(evidence: Evidence, name: str) -> str:
    """Files lie below their organization, under a name that tells nothing; the given name is only shown."""
    return f"{evidence.organization_id}/evidence/{evidence.pk}{PurePath(name).suffix.lower()}"


class Evidence(OrganizationOwned):
    """What shows a cause, or (without a cause) belongs to the variance."""

    variance = TenantForeignKey(Variance, models.PROTECT, related_name="evidence", verbose_name=_("variance"))
    cause = TenantForeignKey(
        Cause, models.CASCADE, null=True, blank=True, related_name="evidence", verbose_name=_("cause")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=EvidenceKind.choices)
    document_line = TenantForeignKey(
        DocumentLine, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("document line")
    )
    count_entry = TenantForeignKey(
        CountEntry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("count entry")
    )
    file = models.FileField(_("file"), max_length=200, blank=True, upload_to=evidence_path)
    file_name = models.CharField(_("file name"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    added_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("added by"))
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind=EvidenceKind.DOCUMENT_LINE) | Q(document_line__isnull=False),
                name="evidence_names_document",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EvidenceKind.COUNT_ENTRY) | Q(count_entry__isnull=False),
                name="evidence_names_entry",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EvidenceKind.NOTE) | ~Q(note=""), name="evidence_note_says_something"
            ),
            models.CheckConstraint(condition=~Q(kind=EvidenceKind.FILE) | ~Q(file=""), name="evidence_file_is_there"),
        ]

    def __str__(self) -> str:
        return self.note or self.file_name or str(self.get_kind_display())


class LateDocument(OrganizationOwned):
    """A movement that was posted after a count closed, for goods that moved before it: shown, never hidden."""

    count_line = TenantForeignKey(
        CountLine, models.PROTECT, related_name="late_documents", verbose_name=_("count line")
    )
    document_line = TenantForeignKey(DocumentLine, models.PROTECT, related_name="+", verbose_name=_("document line"))
    quantity = QuantityField(_("quantity"), default=Decimal(0))
    noticed_at = models.DateTimeField(_("noticed"), default=timezone.now)

    class Meta:
        verbose_name = _("late document")
        verbose_name_plural = _("late documents")
        ordering = ["-noticed_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "count_line", "document_line"], name="late_document_once")
        ]

    def __str__(self) -> str:
        return str(self.document_line_id)


class LearnedPriors(OrganizationOwned):
    """What the engine learned from this organization's closed counts; `version` names exactly what it learned from."""

    version = models.CharField(_("version"), max_length=20)
    content = models.JSONField(_("content"))
    learned_at = models.DateTimeField(_("learned"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("learned priors")
        verbose_name_plural = _("learned priors")
        ordering = ["-learned_at"]
        constraints = [models.UniqueConstraint(fields=["organization", "version"], name="priors_once")]

    def __str__(self) -> str:
        return self.version


class ExplanationRun(OrganizationOwned):
    """One look of the engine at a closed count, with the versions of rules and priors it was made with."""

    count = TenantForeignKey(Count, models.PROTECT, related_name="explanation_runs", verbose_name=_("count"))
    rules = models.CharField(_("rules"), max_length=20)
    priors = models.CharField(_("priors"), max_length=20)
    lines = models.PositiveIntegerField(_("variances"), default=0)
    made_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("explanation run")
        verbose_name_plural = _("explanation runs")
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"{self.count} {self.rules}/{self.priors}"


class ProposedExplanation(OrganizationOwned):
    """The ranked explanations of one variance from one run, in the words of the export contract. Nobody confirmed
    them: what a person confirms becomes a Cause. `proven` unless too much hung together for an exact answer."""

    run = TenantForeignKey(ExplanationRun, models.CASCADE, related_name="proposals", verbose_name=_("run"))
    variance = TenantForeignKey(Variance, models.CASCADE, related_name="proposals", verbose_name=_("variance"))
    explanations = models.JSONField(_("explanations"))
    proven = models.BooleanField(_("proven"), default=True)

    class Meta:
        verbose_name = _("proposed explanation")
        verbose_name_plural = _("proposed explanations")
        ordering = ["variance", "-run"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "variance", "run"], name="explanation_once_a_run")
        ]

    def __str__(self) -> str:
        return f"{self.variance_id} {self.run_id}"
