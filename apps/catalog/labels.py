"""Labels to stick on goods and shelves: a code that scanners read, its text, and a name that people read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import barcode
import segno
from barcode.errors import BarcodeError
from django.db.models import TextChoices
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.pdf.process import PAGE_SECONDS, render_pdf

MOST = 1_000
"""Labels in one PDF."""


class Symbol(TextChoices):
    BARCODE = "barcode", gettext_lazy("barcode")
    QR = "qr", gettext_lazy("QR code")


@dataclass(frozen=True)
class Size:
    """A sheet or roll of labels, in millimetres: the page, how many labels across and down, the label, and what is
    left free at the top and left and between two labels."""

    title: str | Promise
    page: tuple[float, float]
    across: int
    down: int
    label: tuple[float, float]
    margin: tuple[float, float] = (0, 0)
    gap: tuple[float, float] = (0, 0)

    @property
    def a_page(self) -> int:
        return self.across * self.down

    @property
    def spots(self) -> list[tuple[float, float]]:
        """(left, top) of every label of a page, row by row."""
        return [
            (
                round(self.margin[1] + column * (self.label[0] + self.gap[0]), 2),
                round(self.margin[0] + row * (self.label[1] + self.gap[1]), 2),
            )
            for row in range(self.down)
            for column in range(self.across)
        ]


A4 = (210.0, 297.0)
SIZES: dict[str, Size] = {
    "a4-3x8": Size(gettext_lazy("A4, 24 labels of 70 × 37 mm"), A4, 3, 8, (70, 37), margin=(0.5, 0)),
    "a4-3x7": Size(
        gettext_lazy("A4, 21 labels of 63.5 × 38.1 mm"), A4, 3, 7, (63.5, 38.1), margin=(15.1, 7.2), gap=(2.5, 0)
    ),
    "a4-4x10": Size(gettext_lazy("A4, 40 labels of 52.5 × 29.7 mm"), A4, 4, 10, (52.5, 29.7)),
    "a4-2x5": Size(gettext_lazy("A4, 10 labels of 105 × 57 mm"), A4, 2, 5, (105, 57), margin=(6, 0)),
    "roll-40x30": Size(gettext_lazy("roll, 40 × 30 mm"), (40, 30), 1, 1, (40, 30)),
    "roll-60x40": Size(gettext_lazy("roll, 60 × 40 mm"), (60, 40), 1, 1, (60, 40)),
    "roll-80x50": Size(gettext_lazy("roll, 80 × 50 mm"), (80, 50), 1, 1, (80, 50)),
    "roll-100x70": Size(gettext_lazy("roll, 100 × 70 mm"), (100, 70), 1, 1, (100, 70)),
}


@dataclass(frozen=True)
class Label:
    """`code` is what a scanner reads, `title` and `more` are for people."""

    code: str
    title: str
    more: str = ""


@dataclass(frozen=True)
class Placed:
    """A label where it stands on its page, drawn."""

    label: Label
    spot: int
    drawing: SafeString


def label_sheets(labels: Iterable[Label], *, size: str, symbol: str, copies: int = 1, skip: int = 0) -> bytes:
    """The labels as a PDF, each `copies` times; the first `skip` places of the first sheet stay free.

    What no barcode can hold (Chinese, long codes) becomes a QR code. Raises RuleViolation: `no_labels`,
    `too_many_labels`, `labels_impossible`, and what `render_pdf` raises.
    """
    chosen = SIZES.get(size)
    if chosen is None or symbol not in Symbol.values or not 1 <= copies <= 100 or not 0 <= skip < chosen.a_page:
        raise RuleViolation("labels_impossible", _("There are no such labels. Choose a size and 1 to 100 copies."))
    wanted = [label for label in labels for _copy in range(copies)]
    if not wanted:
        raise RuleViolation(
            "no_labels", _("There is nothing to print a label for. Choose some rows, or clear the filter.")
        )
    if len(wanted) > MOST:
        raise RuleViolation(
            "too_many_labels",
            _("These are %(count)s labels; one file holds %(limit)s. Filter the list, or make fewer copies.")
            % {"count": len(wanted), "limit": MOST},
        )
    html = render_to_string(
        "catalog/labels.html",
        {"size": chosen, "pages": _pages(wanted, chosen, symbol, skip), "language": get_language()},
    )
    return render_pdf(html, [], seconds=PAGE_SECONDS)


def _pages(labels: list[Label], size: Size, symbol: str, skip: int) -> list[list[Placed]]:
    pages: list[list[Placed]] = []
    drawings: dict[str, SafeString] = {}
    for place, label in enumerate(labels, start=skip):
        page, spot = divmod(place, size.a_page)
        if page >= len(pages):
            pages.append([])
        if label.code not in drawings:
            drawings[label.code] = _drawing(label.code, symbol, size)
        pages[page].append(Placed(label, spot, drawings[label.code]))
    return pages


def _drawing(code: str, symbol: str, size: Size) -> SafeString:
    modules = _modules(code) if symbol == Symbol.BARCODE else ""
    if modules and size.label[0] - 6 >= len(modules) * NARROWEST:
        return _bars(modules)
    return _qr(code)


NARROWEST = 0.17
"""Millimetres of a bar that a common printer draws and a common scanner reads."""


def _modules(code: str) -> str:
    """The bars of a code as 1 and 0: EAN-13 where it is one, else Code 128; empty where neither can hold it."""
    try:
        if re.fullmatch(r"\d{13}", code) and barcode.get("ean13", code).get_fullcode() == code:
            return str(barcode.get("ean13", code).build()[0])
        return str(barcode.get("code128", code).build()[0])
    except (BarcodeError, ValueError, KeyError):
        return ""


def _bars(modules: str) -> SafeString:
    path = "".join(f"M{run.start()} 0h{len(run.group())}v1h-{len(run.group())}z" for run in re.finditer("1+", modules))
    return mark_safe(  # noqa: S308 - numbers only
        f'<svg class="bars" viewBox="0 0 {len(modules)} 1" preserveAspectRatio="none"><path d="{path}"/></svg>'
    )


def _qr(code: str) -> SafeString:
    symbol = segno.make(code, error="m", micro=False)
    rows = ["".join("1" if module else "0" for module in row) for row in symbol.matrix]
    path = "".join(
        f"M{run.start()} {number}h{len(run.group())}v1h-{len(run.group())}z"
        for number, row in enumerate(rows)
        for run in re.finditer("1+", row)
    )
    side = len(rows)
    return mark_safe(f'<svg class="qr" viewBox="-2 -2 {side + 4} {side + 4}"><path d="{path}"/></svg>')  # noqa: S308
