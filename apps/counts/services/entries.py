"""Taking in what people counted: in bulk, once each, however often it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter, gt
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, changed_nothing, record
from apps.catalog.models import Item, Location
from apps.core.errors import Conflict, RuleViolation
from apps.core.numbers import LIMIT, parse_decimal
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountMode, CountState, EntryMethod, TaskState
from apps.counts.models import Count, CountEntry, CountTask
from apps.counts.services.refusals import Refusal, refused
from apps.movements.services import stock_line
from apps.organizations.models import Member

AHEAD = timedelta(minutes=10)
"""How far a device's clock may run ahead."""

LARGE = Decimal(10) ** 10
"""From here on the sum of a line's entries is checked against what the columns can hold."""


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One thing that somebody counted, as a device, a file or a program says it.

    `entry_no` is made where it was counted and names the event. The item is named by `sku`, or by `code`, which is a
    barcode (then its unit counts, unless `unit` says otherwise) or an item code. `location` is a code in the
    count's warehouse, empty for stock that has no place; `unit` empty means the base unit. `counted_at` None: now;
    `round` None: the round of the task, or the one that the line is in. `counter` is for imports.
    """

    entry_no: str
    quantity: Decimal | int | str
    sku: str = ""
    code: str = ""
    location: str = ""
    lot: str = ""
    unit: str = ""
    counted_at: datetime | None = None
    round: int | None = None
    task: CountTask | None = None
    counter: Member | None = None
    method: str = EntryMethod.KEYED
    device: str = ""
    note: str = ""


@dataclass(slots=True)
class EntryResult:
    """What became of each draft, by its place in the list: taken in now, taken in before, or refused and why."""

    accepted: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


@audited("counts.entry.recorded")
def record_entries(count: Count, drafts: Iterable[EntryDraft], *, partial: bool = False, actor: Member) -> EntryResult:
    """Take in what was counted, set-based. Idempotent by `entry_no`.

    Known numbers with the same body change nothing, also after the count was closed; with another body they are
    refused ("entry_differs"). What is not on the list of a location of the count becomes a found line. Everything
    or nothing, unless `partial`: then what is right is kept and the rest listed in `refused`.

    Raises RuleViolation with the code of the only kind of refusal, else "entries_refused"; `rows` are `Refusal`s.
    Conflict where the count or the task is no longer open, or a number is known with another body.
    """
    require(actor, "counts.entry.record", count)
    drafts = list(drafts)
    count = _held(count)
    result = EntryResult()
    batch = _Batch(count, drafts, actor, result)
    for _attempt in range(4):
        if not batch.take():
            break
    if not actor.is_system:
        batch.check_sums()
    else:
        _raise_rounds(count)
    result.accepted.sort()
    result.duplicates.sort()
    result.refused.sort(key=lambda refusal: refusal.index)
    if result.refused and not partial:
        raise refused(result.refused)
    if result.accepted or result.refused:
        record(
            count=count.count_no,
            accepted=len(result.accepted),
            duplicates=len(result.duplicates),
            refused=len(result.refused),
        )
    else:
        changed_nothing()
    return result


def record_entry(count: Count, draft: EntryDraft, *, actor: Member) -> CountEntry:
    """Take in one entry; returns it, also when it was known already."""
    record_entries(count, [draft], actor=actor)
    return CountEntry.objects.get(count=count, entry_no=draft.entry_no.strip())


@audited("counts.entry.voided")
def void_entry(entry: CountEntry, *, entry_no: str, reason: str = "", actor: Member) -> CountEntry:
    """Undo an entry by one with the opposite sign; both stay readable. Returns the undoing entry.

    The same `entry_no` again changes nothing. Raises Conflict: "count_closed", "task_submitted", "already_voided";
    RuleViolation("not_voidable") for an entry that itself undoes one.
    """
    require(actor, "counts.entry.void", entry)
    count = _held(entry.count)
    before = _undo_of(entry, entry_no)
    if before is not None:
        return before
    if entry.voids_id is not None:
        raise RuleViolation("not_voidable", _("An undo is not undone: enter the quantity again."))
    if count.state != CountState.COUNTING:
        raise refused([Refusal(0, entry_no, "count_closed", count.count_no)])
    handed_over = CountTask.objects.filter(pk=entry.task_id, state=TaskState.SUBMITTED).exists()
    if handed_over and "manager" not in actor.role_set:
        raise refused([Refusal(0, entry_no, "task_submitted")])
    if CountEntry.objects.filter(count=count, entry_no=entry_no).exists():
        raise refused([Refusal(0, entry_no, "entry_differs", entry_no)])
    undo = CountEntry(
        count=count,
        line_id=entry.line_id,
        task_id=entry.task_id,
        entry_no=entry_no,
        round=entry.round,
        quantity=-entry.quantity,
        unit=entry.unit,
        base_quantity=-entry.base_quantity,
        counter=actor,
        counted_at=timezone.now(),
        method=EntryMethod.KEYED,
        note=reason.strip()[:200],
        voids=entry,
    )
    try:
        with transaction.atomic():
            undo.save()
    except IntegrityError as error:
        before = _undo_of(entry, entry_no)
        if before is None:
            raise refused([Refusal(0, entry_no, "entry_differs", entry_no)]) from error
        return before
    return undo


def _undo_of(entry: CountEntry, entry_no: str) -> CountEntry | None:
    """The undo that is there already, if it is this one. Raises Conflict("already_voided") if it is another."""
    before = CountEntry.objects.filter(voids=entry).first()
    if before is not None and before.entry_no != entry_no:
        raise Conflict("already_voided", _("This entry is already undone."))
    return before


def _held(count: Count) -> Count:
    """The count as it is now, held against closing, cancelling and recounts; other counters go on beside us."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM counts_count WHERE organization_id = %s AND id = %s FOR SHARE",
            [require_organization_id(), count.pk],
        )
    return Count.objects.get(pk=count.pk)


TAKE = """
WITH d AS (
  SELECT * FROM unnest(%(n)s::int[], %(entry_no)s::text[], %(sku)s::text[], %(code)s::text[], %(location)s::text[],
    %(lot)s::text[], %(unit)s::text[], %(quantity)s::numeric[], %(counted_at)s::timestamptz[], %(round)s::int[],
    %(task)s::uuid[], %(counter)s::uuid[], %(method)s::text[], %(device)s::text[], %(note)s::text[],
    %(problem)s::text[])
    AS d(n, entry_no, sku, code, location, lot, unit, quantity, counted_at, round, task_id, counter_id, method,
      device, note, problem)
), named AS (
  SELECT d.*, i.id AS item_id, i.tracking,
    CASE WHEN d.unit = i.base_unit THEN '' WHEN d.unit = '' THEN coalesce(bu.name, '') ELSE d.unit END AS unit_name,
    CASE WHEN d.unit = i.base_unit THEN 1 WHEN d.unit = '' THEN coalesce(bu.factor, 1) ELSE u.factor END AS factor,
    p.id AS location_id, cl.id IS NOT NULL AS inside
  FROM d
  LEFT JOIN catalog_barcode b ON b.organization_id = %(organization)s AND b.code = nullif(d.code, '') AND d.sku = ''
  LEFT JOIN catalog_unit bu ON bu.organization_id = %(organization)s AND bu.id = b.unit_id
  LEFT JOIN catalog_item k ON k.organization_id = %(organization)s AND b.id IS NULL
    AND k.sku = coalesce(nullif(d.sku, ''), d.code)
  LEFT JOIN catalog_item i ON i.organization_id = %(organization)s AND i.id = coalesce(b.item_id, k.id)
  LEFT JOIN catalog_unit u ON u.organization_id = %(organization)s AND u.item_id = i.id AND u.name = d.unit
  LEFT JOIN catalog_location p ON p.organization_id = %(organization)s AND p.warehouse_id = %(warehouse)s
    AND p.code = d.location
  LEFT JOIN counts_countlocation cl ON cl.organization_id = %(organization)s AND cl.count_id = %(count)s
    AND cl.location_id = p.id
), placed AS (
  SELECT named.*, l.id AS line_id, l.round AS line_round, own.id AS entry_task, own.state AS task_state,
    own.assignee_id, coalesce(named.round, own.round, l.round, 1) AS entry_round,
    round(named.quantity * named.factor, 4) AS base_quantity
  FROM named
  LEFT JOIN movements_stockline s ON s.organization_id = %(organization)s AND s.location_id = named.location_id
    AND s.item_id = named.item_id AND s.lot = named.lot
  LEFT JOIN counts_countline l ON l.organization_id = %(organization)s AND l.count_id = %(count)s
    AND l.stock_line_id = s.id
  LEFT JOIN counts_counttask own ON own.organization_id = %(organization)s AND own.count_id = %(count)s
    AND own.id = coalesce(named.task_id, l.task_id)
    AND (named.task_id IS NOT NULL OR own.round = coalesce(named.round, l.round))
), judged AS (
  SELECT p.*, CASE
    WHEN e.id IS NOT NULL THEN CASE WHEN e.voids_id IS NULL AND e.line_id = p.line_id AND e.quantity = p.quantity
      AND e.unit = p.unit_name AND (e.counter_id = p.counter_id OR NOT %(trusted)s)
      AND (p.round IS NULL OR e.round = p.round)
      AND (NOT p.problem LIKE 'timed%%' OR e.counted_at = p.counted_at) THEN 'duplicate' ELSE 'entry_differs' END
    WHEN NOT %(open)s THEN 'count_closed'
    WHEN p.problem NOT IN ('', 'timed') THEN replace(p.problem, 'timed ', '')
    WHEN p.item_id IS NULL THEN 'unknown_item'
    WHEN p.location_id IS NULL THEN 'unknown_location'
    WHEN NOT p.inside THEN 'location_not_in_count'
    WHEN p.factor IS NULL THEN 'unknown_unit'
    WHEN p.base_quantity > %(limit)s THEN 'number_range'
    WHEN p.task_id IS NOT NULL AND p.entry_task IS NULL THEN 'unknown_task'
    WHEN %(trusted)s THEN CASE WHEN p.line_id IS NULL THEN 'found' END
    WHEN p.tracking = 'serial' AND p.base_quantity NOT IN (0, 1) THEN 'serial_quantity'
    WHEN p.task_state = 'submitted' AND NOT %(manager)s THEN 'task_submitted'
    WHEN p.assignee_id <> p.counter_id AND NOT %(manager)s THEN 'not_your_task'
    WHEN p.entry_round > coalesce(p.line_round, 1) THEN 'wrong_round'
    WHEN p.entry_round > 1 AND EXISTS (
      SELECT FROM counts_countentry x WHERE x.organization_id = %(organization)s AND x.line_id = p.line_id
        AND x.round < p.entry_round AND x.counter_id = p.counter_id) THEN 'own_recount'
    WHEN p.line_id IS NULL AND p.lot = '' AND p.tracking <> 'none' THEN 'lot_missing'
    WHEN p.line_id IS NULL AND p.lot <> '' AND p.tracking = 'none' THEN 'lot_unexpected'
    WHEN p.line_id IS NULL THEN 'found'
    END AS verdict
  FROM placed p
  LEFT JOIN counts_countentry e ON e.organization_id = %(organization)s AND e.count_id = %(count)s
    AND e.entry_no = p.entry_no
), taken AS (
  INSERT INTO counts_countentry (id, organization_id, count_id, line_id, task_id, entry_no, round, quantity, unit,
    base_quantity, counter_id, counted_at, received_at, method, device, note)
  SELECT stockcheck_uuid7(), %(organization)s, %(count)s, line_id, entry_task, entry_no, entry_round, quantity,
    unit_name, base_quantity, counter_id, counted_at, %(now)s, method, device, note
  FROM judged WHERE verdict IS NULL
  ON CONFLICT (organization_id, count_id, entry_no) DO NOTHING
  RETURNING entry_no
)
SELECT (SELECT coalesce(array_agg(entry_no), '{}') FROM taken),
  (SELECT coalesce(array_agg(DISTINCT line_id), '{}') FROM judged WHERE base_quantity >= %(large)s),
  (SELECT coalesce(jsonb_agg(jsonb_build_array(n, verdict, location_id, item_id)), '[]')
   FROM judged WHERE verdict IS NOT NULL)
"""

COLUMNS = (
    "n",
    "entry_no",
    "sku",
    "code",
    "location",
    "lot",
    "unit",
    "quantity",
    "counted_at",
    "round",
    "task",
    "counter",
    "method",
    "device",
    "note",
    "problem",
)

LENGTHS = {
    "entry_no": 60,
    "sku": 60,
    "code": 60,
    "location": 40,
    "lot": 60,
    "unit": 20,
    "device": 60,
    "note": 200,
}

_texts = attrgetter(*LENGTHS)
METHODS = frozenset(EntryMethod.values)

Row = tuple[Any, ...]


class _Batch:
    """Drafts on their way into the table. `take` runs until nothing waits: found lines are made in between."""

    def __init__(self, count: Count, drafts: Sequence[EntryDraft], actor: Member, result: EntryResult) -> None:
        self.count, self.drafts, self.actor, self.result = count, drafts, actor, result
        self.now = timezone.now()
        self.large_lines: list[UUID] = []
        self.waiting: dict[int, Row] = {}
        self.repeats: list[tuple[int, int]] = []
        self._read()

    def _read(self) -> None:
        first: dict[str, int] = {}
        for index, draft in enumerate(self.drafts):
            row = self._row(index, draft)
            if row is None:
                continue
            earlier = first.setdefault(row[1], index)
            if earlier == index:
                self.waiting[index] = row
            elif self.waiting[earlier][1:] == row[1:]:
                self.repeats.append((index, earlier))
            else:
                self._refuse(index, "entry_differs", row[1])

    def _row(self, index: int, draft: EntryDraft) -> Row | None:
        """The draft as a row for `TAKE`, None if it was refused by itself."""
        texts = tuple(map(str.strip, _texts(draft)))
        if any(map(gt, map(len, texts), LENGTHS.values())) or "\0" in "".join(texts):
            long = next(
                text for text, most in zip(texts, LENGTHS.values(), strict=True) if len(text) > most or "\0" in text
            )
            return self._refuse(index, "too_long", long.replace("\0", "")[:40])
        *names, device, note = texts
        if not names[0]:
            return self._refuse(index, "entry_no_missing")
        try:
            quantity = parse_decimal(draft.quantity)
        except RuleViolation as error:
            return self._refuse(index, error.code, message=str(error))
        if quantity < 0:
            return self._refuse(index, "negative", str(draft.quantity))
        if draft.counter is not None and draft.counter != self.actor and not self.actor.is_system:
            return self._refuse(index, "not_you", str(draft.counter))
        if draft.method not in METHODS:
            return self._refuse(index, "method", draft.method)
        return (
            index,
            *names,
            quantity,
            draft.counted_at or self.now,
            draft.round,
            draft.task.pk if draft.task else None,
            (draft.counter or self.actor).pk,
            draft.method,
            device,
            note,
            self._time_problem(draft.counted_at),
        )

    def _time_problem(self, counted_at: datetime | None) -> str:
        if counted_at is None:
            return ""
        if counted_at > self.now + AHEAD:
            return "timed in_future"
        if self.count.mode == CountMode.DYNAMIC and self.count.snapshot_at and counted_at < self.count.snapshot_at:
            return "timed before_snapshot"
        return "timed"

    def _refuse(self, index: int, code: str, what: str = "", *, message: str = "") -> Row | None:
        self.result.refused.append(Refusal(index, self.drafts[index].entry_no, code, what, message))
        return None

    def take(self) -> bool:
        """Write what can be written; True if something still waits (for a found line, or lost a race)."""
        if not self.waiting:
            return self._settle_repeats()
        columns = dict(zip(COLUMNS, map(list, zip(*self.waiting.values(), strict=True)), strict=True))
        with connection.cursor() as cursor:
            cursor.execute(
                TAKE,
                {
                    **columns,
                    "organization": require_organization_id(),
                    "count": self.count.pk,
                    "warehouse": self.count.warehouse_id,
                    "open": self.count.state == CountState.COUNTING,
                    "trusted": self.actor.is_system,
                    "manager": "manager" in self.actor.role_set,
                    "limit": LIMIT,
                    "large": LARGE,
                    "now": self.now,
                },
            )
            taken, large, verdicts = cursor.fetchone()
        self.large_lines += large
        numbers = {row[1]: index for index, row in self.waiting.items()}
        for entry_no in taken:
            self.result.accepted.append(numbers[entry_no])
            del self.waiting[numbers[entry_no]]
        found = []
        for index, verdict, location_id, item_id in json.loads(verdicts) if isinstance(verdicts, str) else verdicts:
            if verdict == "found":
                found.append((index, UUID(location_id), UUID(item_id)))
                continue
            del self.waiting[index]
            if verdict == "duplicate":
                self.result.duplicates.append(index)
            else:
                self._refuse(index, verdict, self._what(index, verdict))
        self._make_lines(found)
        return bool(self.waiting) or self._settle_repeats()

    def _settle_repeats(self) -> bool:
        """What stood twice in the list shares the fate of its first row."""
        kept = {*self.result.accepted, *self.result.duplicates}
        self.result.duplicates += [index for index, earlier in self.repeats if earlier in kept]
        self.repeats = []
        return False

    def _what(self, index: int, verdict: str) -> str:
        draft = self.drafts[index]
        return {
            "unknown_item": draft.sku or draft.code,
            "unknown_location": draft.location,
            "location_not_in_count": draft.location or _("no place"),
            "unknown_unit": draft.unit,
            "entry_differs": draft.entry_no,
            "count_closed": self.count.count_no,
        }.get(verdict, draft.sku or draft.code)

    def _make_lines(self, found: list[tuple[int, UUID, UUID]]) -> None:
        """Lines for what is not on the list. Their snapshot is what the ledger says of that moment."""
        if not found:
            return
        places = Location.objects.in_bulk({location for _index, location, _item in found})
        items = Item.objects.in_bulk({item for _index, _location, item in found})
        wanted = {(location, item, self.waiting[index][5]): self.waiting[index][10] for index, location, item in found}
        rows = [
            (stock_line(places[location], items[item], lot).pk, task) for (location, item, lot), task in wanted.items()
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                FOUND,
                {
                    "organization": require_organization_id(),
                    "count": self.count.pk,
                    "snapshot_at": self.count.snapshot_at,
                    "stock_lines": [line for line, _task in rows],
                    "tasks": [task for _line, task in rows],
                },
            )

    def check_sums(self) -> None:
        """No line grows beyond what a quantity can hold: closing would fail on it."""
        for line_id in set(self.large_lines):
            total = CountEntry.objects.filter(line=line_id).aggregate(total=Sum("base_quantity"))["total"]
            if total is not None and total > LIMIT:
                raise RuleViolation(
                    "number_range", _("Together with what was entered before, this quantity is too large.")
                )


FOUND = """
INSERT INTO counts_countline (id, organization_id, count_id, stock_line_id, task_id, round, is_found, is_open,
  snapshot, moved_in, moved_out, expected, unit_cost)
SELECT stockcheck_uuid7(), s.organization_id, %(count)s, s.id,
  coalesce(f.task_id, (SELECT n.task_id FROM counts_countline n
    JOIN movements_stockline o ON o.organization_id = n.organization_id AND o.id = n.stock_line_id
    WHERE n.organization_id = s.organization_id AND n.count_id = %(count)s AND o.location_id = s.location_id
      AND n.round = 1 LIMIT 1)),
  1, true, p.is_open, book.quantity, 0, 0, book.quantity,
  CASE WHEN i.standard_cost > 0 THEN i.standard_cost ELSE book.unit_cost END
FROM unnest(%(stock_lines)s::uuid[], %(tasks)s::uuid[]) AS f(stock_line_id, task_id)
JOIN movements_stockline s ON s.organization_id = %(organization)s AND s.id = f.stock_line_id
JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
JOIN counts_countlocation p ON p.organization_id = s.organization_id AND p.count_id = %(count)s
  AND p.location_id = s.location_id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(g.quantity) FILTER (WHERE g.posted_at <= %(snapshot_at)s), 0) AS quantity,
    coalesce((array_agg(g.unit_cost ORDER BY g.posted_at DESC) FILTER (WHERE g.unit_cost > 0))[1], 0) AS unit_cost
  FROM movements_ledgerentry g WHERE g.organization_id = s.organization_id AND g.stock_line_id = s.id
) AS book
ON CONFLICT DO NOTHING
"""


def _raise_rounds(count: Count) -> None:
    """History brings its rounds along: a line stands in the last one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE counts_countline AS l SET round = x.round FROM (SELECT line_id, max(round) AS round"
            " FROM counts_countentry WHERE organization_id = %(organization)s AND count_id = %(count)s"
            " GROUP BY line_id) AS x WHERE l.organization_id = %(organization)s AND l.id = x.line_id"
            " AND l.round < x.round",
            {"organization": require_organization_id(), "count": count.pk},
        )
