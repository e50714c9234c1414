"""The self-check: what in units, barcodes, items, stock, documents and roles will make the next count differ.

Each check answers with rows of the same shape, the gravest first. All read sets; only look-alikes compare in Python,
among candidates that share a code or a rare piece of name, so that the work grows with the items and not their square.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Barcode, Item, Unit
from apps.core.tenancy import require_organization_id
from apps.counts.models import CountLine
from apps.movements.enums import EFFECT, LIMIT, LIMITS, DocumentStatus
from apps.movements.models import Document
from apps.movements.selectors import chain_nodes, chain_state, hidden_location_ids, visible_stock_lines
from apps.organizations.enums import Role
from apps.organizations.models import Member
from apps.organizations.selectors import people

MOST = 500
ITEMS = 20_000
RARE = 30
ALIKE = 0.72
PACKS = ("盒", "箱")
"""By their names the second holds several of the first."""

APART: tuple[tuple[Role, Role], ...] = (
    (Role.COUNTER, Role.CONTROLLER),
    (Role.COUNTER, Role.FINANCE),
    (Role.CONTROLLER, Role.MANAGER),
    (Role.CONTROLLER, Role.FINANCE),
    (Role.OWNER, Role.FINANCE),
)
"""Duties of which one checks the other: counting and judging, proposing and approving, setting and signing."""


Target = tuple[str, UUID]
"""A URL's name and the row it shows."""


@dataclass(frozen=True)
class Trouble:
    """One row: what is wrong and where. `target` names the page that mends it; `weight` orders the rows of a check."""

    subject: str
    name: str
    problem: str
    target: Target | None = None
    quantity: Decimal | None = None
    since: Any = None
    weight: Decimal | int = 0


@dataclass(frozen=True)
class Check:
    key: str
    label: Any
    advice: Any
    icon: str
    find: Callable[[Member], Iterable[Trouble]]

    def rows(self, member: Member) -> list[Trouble]:
        """At most MOST rows, heaviest first, as far as the member may see them."""
        return sorted(self.find(member), key=lambda row: (-row.weight, row.subject))[:MOST]


def _item(pk: UUID) -> Target:
    return "catalog:item", pk


# Master data


def unit_trouble(member: Member) -> Iterable[Trouble]:
    """Units whose factor is missing or contradicts another: 1 for another name, two names for one size, a box that
    holds more than its carton, or the base unit's own name with a factor."""
    units: dict[UUID, list[Unit]] = defaultdict(list)
    for unit in Unit.objects.select_related("item").order_by("item", "factor"):
        units[unit.item_id].append(unit)
    for of_item in units.values():
        item = of_item[0].item
        sizes = {unit.name: unit.factor for unit in of_item}
        names = Counter(unit.factor for unit in of_item)
        for unit in of_item:
            problem = ""
            if unit.name == item.base_unit and unit.factor != 1:
                problem = _("%(unit)s is the base unit and has a factor of its own")
            elif unit.name != item.base_unit and unit.factor == 1:
                problem = _("1 %(unit)s = 1 %(base)s: is the factor missing?")
            elif names[unit.factor] > 1:
                problem = _("%(unit)s has the same factor as another unit")
            elif unit.name == PACKS[0] and sizes.get(PACKS[1], unit.factor + 1) <= unit.factor:
                problem = _("%(unit)s holds as much as the larger pack, or more")
            if problem:
                text = problem % {"unit": unit.name, "base": item.base_unit}
                yield Trouble(item.sku, item.name, text, _item(item.pk), unit.factor)


def barcode_trouble(member: Member) -> Iterable[Trouble]:
    """Codes that scanners read alike on two items (leading zeros, case), and codes that are another item's number."""
    alike: dict[str, list[Barcode]] = defaultdict(list)
    codes = list(Barcode.objects.select_related("item"))
    for barcode in codes:
        alike[barcode.code.strip().lstrip("0").upper()].append(barcode)
    for same in alike.values():
        for barcode in same if len({one.item_id for one in same}) > 1 else ():
            others = ", ".join(sorted({one.item.sku for one in same if one.item_id != barcode.item_id}))
            text = _("scans like the code of %(others)s") % {"others": others}
            yield Trouble(barcode.code, str(barcode.item), text, _item(barcode.item_id))
    numbers = dict(Item.objects.filter(sku__in=[barcode.code for barcode in codes]).values_list("sku", "pk"))
    for barcode in codes:
        if numbers.get(barcode.code, barcode.item_id) != barcode.item_id:
            text = _("is the item code of another item")
            yield Trouble(barcode.code, str(barcode.item), text, _item(barcode.item_id))


def look_alikes(member: Member) -> Iterable[Trouble]:
    """Pairs of items that are easily taken for each other: one character apart in code and alike in name, or nearly
    the same name."""
    rows = list(Item.objects.filter(is_active=True).order_by("sku").values_list("pk", "sku", "name")[:ITEMS])
    grams = {pk: _grams(name) for pk, _sku, name in rows}
    candidates: set[tuple[int, int]] = set()
    for key in (_near_codes(rows), _near_names(rows, grams)):
        for places in key.values():
            if 1 < len(places) <= RARE:
                candidates.update(combinations(sorted(places), 2))
    for left, right in candidates:
        (pk, sku, name), (other, other_sku, other_name) = rows[left], rows[right]
        likeness = _likeness(grams[pk], grams[other])
        if likeness >= ALIKE or (likeness >= ALIKE - 0.25 and _one_apart(sku, other_sku)):
            text = _("is easily taken for %(sku)s %(name)s") % {"sku": other_sku, "name": other_name}
            yield Trouble(sku, name, text, _item(pk), weight=round(likeness * 1000))


def _grams(name: str) -> frozenset[str]:
    text = f" {' '.join(name.upper().split())} "
    size = 3 if text.isascii() else 2
    return frozenset(text[start : start + size] for start in range(len(text) - size + 1))


def _near_codes(rows: list[tuple[UUID, str, str]]) -> dict[str, set[int]]:
    """{code with one character left out: who has it}: codes one slip apart meet there."""
    places: dict[str, set[int]] = defaultdict(set)
    for place, (_pk, sku, _name) in enumerate(rows):
        for position in range(len(sku)):
            places[f"{position} {sku[:position]}{sku[position + 1 :]}"].add(place)
    return places


def _near_names(rows: list[tuple[UUID, str, str]], grams: dict[UUID, frozenset[str]]) -> dict[str, set[int]]:
    """{piece of name that few items have: who has it}."""
    places: dict[str, set[int]] = defaultdict(set)
    for place, (pk, _sku, name) in enumerate(rows):
        for gram in grams[pk]:
            places[gram].add(place)
        places["=" + " ".join(sorted(name.upper().split()))].add(place)
    return places


def _likeness(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right) if left or right else 0.0


def _one_apart(left: str, right: str) -> bool:
    return len(left) == len(right) and sum(a != b for a, b in zip(left, right, strict=True)) == 1


# Stock


def negative_trouble(member: Member) -> Iterable[Trouble]:
    """Stock lines that the book says are below zero, and since when they have been without a break."""
    with connection.cursor() as cursor:
        cursor.execute(
            _NEGATIVE, {"organization": require_organization_id(), "hidden": list(hidden_location_ids(member))}
        )
        for pk, sku, name, warehouse, place, lot, quantity, value, since in cursor.fetchall():
            where = " · ".join(part for part in (warehouse, place, lot) if part)
            text = _("below zero at %(place)s") % {"place": where}
            yield Trouble(sku, name, text, _item(pk), quantity, since, weight=abs(value))


_NEGATIVE = """
    WITH low AS (
        SELECT id, item_id, warehouse_id, location_id, lot, quantity FROM movements_stockline
        WHERE organization_id = %(organization)s AND quantity < 0 AND location_id <> ALL(%(hidden)s::uuid[])
    ),
    run AS (
        SELECT e.stock_line_id, e.posted_at, e.id,
            sum(e.quantity) OVER (PARTITION BY e.stock_line_id ORDER BY e.posted_at, e.id) AS balance
        FROM low JOIN movements_ledgerentry e ON e.organization_id = %(organization)s AND e.stock_line_id = low.id
    ),
    since AS (
        SELECT r.stock_line_id, min(r.posted_at) AS moment FROM run r
        WHERE r.balance < 0 AND NOT EXISTS (
            SELECT FROM run later WHERE later.stock_line_id = r.stock_line_id AND later.balance >= 0
              AND (later.posted_at, later.id) > (r.posted_at, r.id))
        GROUP BY 1
    )
    SELECT i.id, i.sku, i.name, w.name, p.code, low.lot, low.quantity, low.quantity * i.standard_cost, s.moment
    FROM low
    JOIN since s ON s.stock_line_id = low.id
    JOIN catalog_item i ON i.organization_id = %(organization)s AND i.id = low.item_id
    JOIN catalog_warehouse w ON w.organization_id = %(organization)s AND w.id = low.warehouse_id
    JOIN catalog_location p ON p.organization_id = %(organization)s AND p.id = low.location_id
"""


def uncounted_trouble(member: Member) -> Iterable[Trouble]:
    """Items that have moved and that nobody has ever counted anywhere."""
    counted = CountLine.objects.filter(counted__isnull=False).values("stock_line__item")
    lines = visible_stock_lines(member).exclude(item__in=counted).order_by()
    for row in lines.values("item", "item__sku", "item__name").annotate(
        on_hand=Sum("quantity"), value=Sum(F("quantity") * F("item__standard_cost")), places=Count("pk")
    ):
        text = _("moved at %(count)d places, never counted") % {"count": row["places"]}
        yield Trouble(
            row["item__sku"], row["item__name"], text, _item(row["item"]), row["on_hand"], weight=abs(row["value"])
        )


def placeless_trouble(member: Member) -> Iterable[Trouble]:
    """Stock that lies at no place, in a warehouse that has places: nobody will find it to count it."""
    lines = visible_stock_lines(member).filter(location__code="").exclude(quantity=0)
    named = lines.filter(warehouse__locations__code__gt="").distinct().select_related("item", "warehouse")
    for line in named:
        text = _("lies at no place in %(warehouse)s") % {"warehouse": line.warehouse.name}
        weight = abs(line.quantity * line.item.standard_cost)
        yield Trouble(line.item.sku, line.item.name, text, _item(line.item_id), line.quantity, weight=weight)


def costless_trouble(member: Member) -> Iterable[Trouble]:
    """Stock without a standard cost: its variances will be worth nothing."""
    lines = visible_stock_lines(member).filter(item__standard_cost=0).exclude(quantity=0).order_by()
    for row in lines.values("item", "item__sku", "item__name").annotate(on_hand=Sum("quantity")):
        text = _("has stock and no standard cost")
        path = _item(row["item"])
        yield Trouble(row["item__sku"], row["item__name"], text, path, row["on_hand"], weight=abs(row["on_hand"]))


# Documents and people


def unposted_trouble(member: Member) -> Iterable[Trouble]:
    """Documents that wait to be posted longer than their limit in the chain."""
    nodes = chain_nodes()
    as_of = chain_state()["as_of"] or timezone.now()
    waiting = Q(pk__in=[])
    for doc_type in EFFECT:
        node = nodes.get(doc_type)
        limit = node.limit if node is not None and node.limit is not None else LIMITS.get(doc_type, LIMIT)
        waiting |= Q(doc_type=doc_type, recorded_at__lt=as_of - limit)
    pending = (DocumentStatus.DRAFT, DocumentStatus.SUBMITTED, DocumentStatus.APPROVED)
    documents = Document.objects.filter(waiting, status__in=pending).select_related("warehouse")
    for document in documents.order_by("recorded_at")[:MOST]:
        text = _("%(type)s in %(warehouse)s is %(status)s") % {
            "type": document.get_doc_type_display(),
            "warehouse": document.warehouse.name,
            "status": document.get_status_display(),
        }
        waited = (as_of - document.recorded_at) if document.recorded_at else timedelta(0)
        target = ("movements:document", document.pk)
        yield Trouble(document.doc_no, document.counterparty, text, target, None, document.recorded_at, waited.days)


def role_trouble(member: Member) -> Iterable[Trouble]:
    """People who hold duties of which one checks the other, and who approve what they enter themselves."""
    own = dict(
        Document.objects.filter(operator__isnull=False, operator=F("approver"), status=DocumentStatus.POSTED)
        .order_by()
        .values_list("operator")
        .annotate(Count("pk"))
    )
    for person in people().filter(is_active=True):
        held = [pair for pair in APART if set(pair) <= set(person.roles)]
        if held:
            pairs = ", ".join(f"{first.label} + {second.label}" for first, second in held)
            yield Trouble(person.username, person.name, _("holds %(pairs)s") % {"pairs": pairs}, weight=10**6)
        if own.get(person.pk):
            text = _("approved %(count)d documents that they entered themselves") % {"count": own[person.pk]}
            yield Trouble(person.username, person.name, text, weight=own[person.pk])


CHECKS: dict[str, Check] = {
    check.key: check
    for check in (
        Check(
            "negative", gettext_lazy("Negative stock"),
            gettext_lazy("Post the receipts that are missing, or count the place."), "stack", negative_trouble,
        ),
        Check(
            "unposted", gettext_lazy("Documents waiting too long"),
            gettext_lazy("Post them or cancel them before the next count."), "clock", unposted_trouble,
        ),
        Check(
            "units", gettext_lazy("Units in doubt"),
            gettext_lazy("Correct the factor; a carton must hold more than a box."), "weight", unit_trouble,
        ),
        Check(
            "barcodes", gettext_lazy("Barcodes in doubt"),
            gettext_lazy("Give one of the two items another code."), "scan", barcode_trouble,
        ),
        Check(
            "alike", gettext_lazy("Items easily confused"),
            gettext_lazy("Keep them apart on the shelf, and mark them."), "split", look_alikes,
        ),
        Check(
            "uncounted", gettext_lazy("Moved, never counted"),
            gettext_lazy("Put them into the next count."), "plan", uncounted_trouble,
        ),
        Check(
            "placeless", gettext_lazy("Stock at no place"),
            gettext_lazy("Move it to a place in the book."), "place", placeless_trouble,
        ),
        Check(
            "costless", gettext_lazy("Stock without cost"),
            gettext_lazy("Enter the standard cost of the item."), "ledger", costless_trouble,
        ),
        Check(
            "roles", gettext_lazy("Duties in one hand"),
            gettext_lazy("Give one of the two duties to somebody else."), "users", role_trouble,
        ),
    )
}  # fmt: skip


def self_check_figures(member: Member) -> dict[str, int]:
    """{check: rows found}, as far as the member may see them."""
    return {key: len(check.rows(member)) for key, check in CHECKS.items()}
