"""Why an entry was not taken in, in words that say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.errors import Conflict, RuleViolation

REASONS = {
    "count_closed": gettext_lazy("The count %(what)s is no longer open. Hand the quantity to the warehouse manager."),
    "task_submitted": gettext_lazy("This task was handed over. Ask the warehouse manager to reopen it or to recount."),
    "not_your_task": gettext_lazy("“%(what)s” belongs to somebody else's task, so it would be counted twice."),
    "own_recount": gettext_lazy("You counted “%(what)s” before. A recount is made by somebody else."),
    "wrong_round": gettext_lazy("No recount of “%(what)s” was asked for. Reload the page."),
    "unknown_item": gettext_lazy(
        "“%(what)s” is neither a barcode nor an item code. Check it, or put the goods aside and tell the manager."
    ),
    "unknown_location": gettext_lazy("There is no location “%(what)s” in this warehouse."),
    "location_not_in_count": gettext_lazy("The location “%(what)s” is not part of this count."),
    "unknown_unit": gettext_lazy("The item has no unit “%(what)s”. Use its base unit or one of its other units."),
    "unknown_task": gettext_lazy("The task does not belong to this count. Reload the page."),
    "number_range": gettext_lazy("The quantity of “%(what)s” is too large: at most 14 digits in base units."),
    "negative": gettext_lazy("%(what)s is below zero. What is counted is zero or more."),
    "serial_quantity": gettext_lazy("“%(what)s” has serial numbers: enter each number once, with quantity 1 or 0."),
    "lot_missing": gettext_lazy("“%(what)s” is kept by lot or serial number: enter it too."),
    "lot_unexpected": gettext_lazy("“%(what)s” is not kept by lot. Leave the lot empty."),
    "in_future": gettext_lazy("The time of counting lies in the future. Check the clock of the device."),
    "before_snapshot": gettext_lazy("The time of counting is before the count began. Check the clock of the device."),
    "entry_differs": gettext_lazy(
        "The entry number %(what)s is known with other contents. Nothing was changed; enter it again under a new one."
    ),
    "entry_no_missing": gettext_lazy("The entry number is missing."),
    "too_long": gettext_lazy("“%(what)s” is too long or holds characters that cannot be stored."),
    "not_you": gettext_lazy("You enter in your own name only, not for %(what)s."),
    "method": gettext_lazy("“%(what)s” is not a way of counting: scan, keyed or import."),
}

CONFLICTS = frozenset({"count_closed", "task_submitted", "entry_differs"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A draft that was not taken in: its place in the list (from 0), its number, and why."""

    index: int
    entry_no: str
    code: str
    what: str = ""
    said: str = ""

    @property
    def message(self) -> str:
        return self.said or str(REASONS[self.code]) % {"what": self.what}

    def __str__(self) -> str:
        return _("Entry %(number)s: %(reason)s") % {"number": self.index + 1, "reason": self.message}


def refused(refusals: Sequence[Refusal]) -> RuleViolation:
    """The error for a list of refusals; a Conflict where trying again as it is can never help."""
    codes = {refusal.code for refusal in refusals}
    kind = Conflict if codes & CONFLICTS else RuleViolation
    if len(refusals) == 1:
        return kind(refusals[0].code, refusals[0].message, rows=[])
    message = ngettext(
        "%(count)d entry cannot be taken in, so nothing was. %(first)s",
        "%(count)d entries cannot be taken in, so nothing was. %(first)s",
        len(refusals),
    ) % {"count": len(refusals), "first": refusals[0]}
    return kind(codes.pop() if len(codes) == 1 else "entries_refused", message, rows=refusals)
