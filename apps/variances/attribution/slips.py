"""Slips of the hand: which numbers lie one mistake away from which."""

from __future__ import annotations

from decimal import Decimal

from apps.variances.attribution.evidence import DocumentLine


def neighbours(number: int) -> dict[int, str]:
    """Whole numbers one slip away: two digits changed places, one missing, one too many, one other, ten times."""
    digits = str(number)
    found: dict[int, str] = {}

    def add(text: str, slip: str) -> None:
        if text and int(text) != number:
            found.setdefault(int(text), slip)

    for at in range(len(digits) - 1):
        add(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :], "transposed")
    add(digits + "0", "ten times")
    if digits.endswith("0"):
        add(digits[:-1], "ten times")
    for at, digit in enumerate(digits):
        add(digits[:at] + digits[at + 1 :], "missing")
        add(digits[:at] + digit + digits[at:], "doubled")
        for other in "0123456789":
            add(digits[:at] + other + digits[at + 1 :], "substituted")
            add(digits[:at] + other + digits[at:], "extra")
    for other in "0123456789":
        add(digits + other, "extra")
    return found


def one_slip(keyed: Decimal, meant: Decimal) -> str | None:
    """How `keyed` may have come from `meant`, where both are whole."""
    if keyed != keyed.to_integral_value() or meant != meant.to_integral_value() or meant < 0 or keyed < 0:
        return None
    return neighbours(int(meant)).get(int(keyed))


def slipped(row: DocumentLine, missing: Decimal) -> bool:
    """Whether the keyed number is one slip away from what would have booked `missing` more."""
    return bool(row.quantity) and one_slip(row.keyed, row.keyed + missing * row.keyed / row.quantity) is not None


def same_number_other_unit(row: DocumentLine, paper: DocumentLine) -> bool:
    """The paper's very number, in a unit that means something else."""
    return row.keyed == paper.keyed and row.unit != paper.unit and row.quantity != paper.quantity
