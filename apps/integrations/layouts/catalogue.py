"""The layouts that are known: their files, and the rules that such a file may use."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.headers import COLUMNS, FILES

_NOISE = re.compile(r"[\s*＊#]|\((必填|必录|required|mandatory)\)")


def plain(name: str) -> str:
    """A heading as it is compared: without width, case, spaces, and the marks of templates."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name).casefold())


@dataclass(frozen=True)
class Layout:
    """One layout. A *field* is a column of ours that its files share (`count_no` of counts and count_entries), or a
    name of its own that only rules read (`extra`).

    columns   field → the headings that mean it, best first
    needs     fields without which a table is not of this layout
    hints     words in the name of file or sheet, or above the headings, that speak for it
    rename    file → our column → the field that fills it, where it is called otherwise
    head      fields that a document states on its first row only; empty below means: as above. The first is its number
    first     field → fields: its value is the first of theirs that `words` know, else the first there is
    words     field → what they write → what we write; "*" stands for anything else
    negate    field → {"by": field, "where": {field: value}}: negative where it came from `by`
    reverse   field → value → value for a negative quantity, which becomes positive
    join      field → fields: their values, put together with "-" (a time: with a space)
    constants field → value where the table gives none; "@actor" is who loads
    skip      file → fields that must not be empty, else the row says nothing for this file
    number    our column → field: rows of one value are numbered 1, 2, 3 where no number is given
    chosen_only  never found by itself: another layout fits the same tables
    """

    key: str
    files: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    needs: tuple[str, ...]
    system: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    rename: dict[str, dict[str, str]] = field(default_factory=dict)
    head: tuple[str, ...] = ()
    first: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    negate: dict[str, Any] = field(default_factory=dict)
    reverse: dict[str, dict[str, str]] = field(default_factory=dict)
    join: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    skip: dict[str, list[str]] = field(default_factory=dict)
    number: dict[str, str] = field(default_factory=dict)
    chosen_only: bool = False

    @property
    def is_own(self) -> bool:
        return not self.system

    @property
    def title(self) -> str:
        if self.is_own:
            return str(FILE_TITLES[self.key])
        language = "zh-hans" if (get_language() or "").startswith("zh") else "en"
        return f"{self.system} {self.titles.get(language) or self.titles['zh-hans']}"

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Everything a heading may be said to mean, in the order of our columns."""
        found = dict.fromkeys(
            self.field_of(file, column) for file in self.files for column in FORMATS[file].column_names
        )
        return (*found, *(name for name in self.extra if name not in found))

    @cached_property
    def index(self) -> dict[str, tuple[int, str]]:
        """Compared heading → (rank, field)."""
        found: dict[str, tuple[int, str]] = {}
        for name, headings in self.columns.items():
            for rank, heading in enumerate(headings):
                found.setdefault(plain(heading), (rank, name))
        return found

    def reached(self, given: Iterable[str]) -> set[str]:
        """The fields that have a value where these are given: rules may build on each other."""
        known = {*given, *self.constants}
        for _turn in range(3):
            for rules in (self.first, self.join):
                known |= {name for name, sources in rules.items() if known.intersection(sources)}
        return known

    def field_of(self, file: str, column: str) -> str:
        return self.rename.get(file, {}).get(column, column)

    def label(self, name: str) -> str:
        """What people read for a field."""
        return self.extra.get(name) or str(COLUMN_TITLES.get(name, name))


def _own(name: str) -> Layout:
    """A file of ours, by its column names and the usual Chinese ones."""
    file = FORMATS[name]
    columns: dict[str, list[str]] = {column: [column] for column in file.column_names}
    for heading, means in COLUMNS.items():
        column = next((c for c in means if c in columns), None)
        if column:
            columns[column].append(heading)
    return Layout(
        key=name,
        files=(name,),
        columns={column: tuple(headings) for column, headings in columns.items()},
        needs=tuple(c.name for c in file.columns if c.required),
        hints=(name, *(word for word, file_name in FILES.items() if file_name == name)),
    )


def _loaded(path: Path) -> Layout:
    said = tomllib.loads(path.read_text("utf-8"))
    said["columns"] = {name: tuple(headings) for name, headings in said["columns"].items()}
    for name in ("files", "needs", "hints", "head"):
        said[name] = tuple(said.get(name, ()))
    return Layout(key=path.stem, **said)


FILE_TITLES: dict[str, Promise] = {
    "departments": _("Departments"),
    "staff": _("Staff"),
    "warehouses": _("Warehouses"),
    "locations": _("Locations"),
    "items": _("Items"),
    "units": _("Units of measure"),
    "opening": _("Opening stock"),
    "documents": _("Documents"),
    "ledger": _("Finance ledger"),
    "counts": _("Counts"),
    "count_entries": _("Count entries"),
    "confirmed_causes": _("Confirmed causes"),
}

COLUMN_TITLES: dict[str, Promise] = {
    "code": _("code"),
    "name": _("name"),
    "manager": _("head"),
    "username": _("staff code"),
    "department": _("department"),
    "roles": _("roles"),
    "email": _("e-mail"),
    "storekeeper": _("storekeeper"),
    "warehouse": _("warehouse"),
    "zone": _("zone"),
    "walk_order": _("walking order"),
    "sku": _("item code"),
    "base_unit": _("base unit"),
    "spec": _("specification"),
    "category": _("category"),
    "standard_cost": _("standard cost"),
    "tracking": _("tracking"),
    "shelf_life_days": _("shelf life in days"),
    "natural_loss_rate": _("natural loss rate"),
    "barcode": _("barcode"),
    "unit": _("unit"),
    "factor": _("base units in one of this unit"),
    "location": _("location"),
    "lot": _("lot"),
    "quantity": _("quantity"),
    "as_of": _("as of"),
    "unit_cost": _("unit cost"),
    "doc_type": _("document type"),
    "doc_no": _("document number"),
    "line_no": _("line number"),
    "status": _("status"),
    "to_warehouse": _("warehouse it goes to"),
    "to_location": _("location it goes to"),
    "occurred_at": _("when the goods moved"),
    "recorded_at": _("when it was keyed"),
    "posted_at": _("when it was posted"),
    "operator": _("operator"),
    "approver": _("approver"),
    "counterparty": _("counterparty"),
    "source_doc_no": _("source document"),
    "source_line_no": _("line of the source document"),
    "external_id": _("external number"),
    "reason": _("reason"),
    "note": _("note"),
    "amount": _("amount"),
    "count_no": _("count number"),
    "snapshot_at": _("when the book was taken"),
    "mode": _("static or dynamic"),
    "blind": _("blind"),
    "entry_no": _("entry number"),
    "counter": _("counted by"),
    "counted_at": _("when it was counted"),
    "round": _("round"),
    "method": _("how it was entered"),
    "device": _("device"),
    "cause": _("cause"),
    "person": _("person"),
}

LAYOUTS: dict[str, Layout] = {
    layout.key: layout
    for layout in (
        *map(_own, FORMATS),
        *(_loaded(path) for path in sorted(Path(__file__).parent.glob("*.toml"))),
    )
}
