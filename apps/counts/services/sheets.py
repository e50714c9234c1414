"""Filled sheets come back: all rows or none, each wrong row named as the spreadsheet shows it."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

from django.utils.translation import gettext as _

from apps.audit.services import audited, changed_nothing, record
from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Table
from apps.counts.enums import EntryMethod
from apps.counts.models import Count, CountTask
from apps.counts.selectors.sheets import filled_rows
from apps.counts.services.entries import EntryDraft, EntryResult, record_entries
from apps.organizations.models import Member


@audited("counts.sheet.recorded")
def record_sheet(count: Count, table: Table, *, task: CountTask | None = None, actor: Member) -> EntryResult:
    """Take in a filled sheet. The same sheet again changes nothing; rows without a quantity stay not counted.

    Rows that somebody added get a number made of what they say. Raises RuleViolation "empty_sheet", or
    "sheet_refused" with one text a wrong row.
    """
    numbers, drafts = [], []
    for number, row in filled_rows(table):
        said = "|".join((str(number), *(row[key] for key in ("location", "sku", "lot", "unit", "quantity"))))
        numbers.append(number)
        drafts.append(
            EntryDraft(
                row["entry_no"] or f"row-{uuid5(NAMESPACE_OID, f'{count.pk}|{task.pk if task else None}|{said}')}",
                row["quantity"],
                code=row["sku"],
                location=row["location"],
                lot=row["lot"],
                unit=row["unit"],
                task=task,
                method=EntryMethod.IMPORT,
                note=row["note"],
            )
        )
    if not drafts:
        raise RuleViolation("empty_sheet", _("No row of the sheet has a quantity. Fill in what you counted."))
    result = record_entries(count, drafts, partial=True, actor=actor)
    if result.refused:
        raise RuleViolation(
            "sheet_refused",
            _("Nothing was taken in. Correct these rows and upload the sheet again."),
            rows=[
                _("Row %(row)s: %(reason)s") % {"row": numbers[refusal.index], "reason": refusal.message}
                for refusal in result.refused
            ],
        )
    if result.accepted:
        record(count=count.count_no, rows=len(drafts))
    else:
        changed_nothing()
    return result
