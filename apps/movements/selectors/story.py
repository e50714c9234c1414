"""An item's story: what its stock did in time, with a running balance, and what was counted in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from uuid import UUID

from django.db.models import QuerySet, Sum

from apps.catalog.models import Item, Location
from apps.movements.models import LedgerEntry, StockLine
from apps.movements.selectors.stock import ZERO
from apps.movements.signals import story_wanted
from apps.organizations.models import Member


@dataclass(frozen=True, slots=True)
class Counted:
    """What a floor above tells of stock at a moment: counted there, against what the book said."""

    moment: datetime
    number: str
    pk: UUID
    location: Location
    lot: str
    book: Decimal
    counted: Decimal

    @property
    def difference(self) -> Decimal:
        return self.counted - self.book


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story: a movement with the balance after it, or a count."""

    moment: datetime
    entry: LedgerEntry | None = None
    balance: Decimal | None = None
    count: Counted | None = None


def story_entries(places: QuerySet[StockLine], since: datetime | None, until: datetime | None) -> QuerySet[LedgerEntry]:
    """Ledger entries of these stock lines posted in [since, until), latest first."""
    entries = LedgerEntry.objects.filter(stock_line__in=places)
    if since is not None:
        entries = entries.filter(posted_at__gte=since)
    if until is not None:
        entries = entries.filter(posted_at__lt=until)
    return entries.select_related("line__document__operator", "stock_line__location", "stock_line__warehouse").order_by(
        "-posted_at", "-id"
    )


def story(
    item: Item,
    places: QuerySet[StockLine],
    *,
    member: Member,
    since: datetime | None = None,
    until: datetime | None = None,
    offset: int = 0,
    limit: int = 50,
) -> list[Told]:
    """A page of the story, latest first. `places`: the item's stock lines that the member may see, narrowed or not;
    the balance is theirs. Six queries at most, whatever the history."""
    entries = story_entries(places, since, until)
    before = LedgerEntry.objects.filter(stock_line__in=places)
    before = before if until is None else before.filter(posted_at__lt=until)
    balance = before.aggregate(total=Sum("quantity"))["total"] or ZERO
    if offset:
        newer = LedgerEntry.objects.filter(pk__in=entries.values("pk")[:offset])
        balance -= newer.aggregate(total=Sum("quantity"))["total"] or ZERO
    shown = list(entries[max(0, offset - 1) : offset + limit + 1])
    newest = shown.pop(0).posted_at if offset and shown else until
    last = len(shown) <= limit
    told = []
    for entry in shown[:limit]:
        told.append(Told(entry.posted_at, entry=entry, balance=balance))
        balance -= entry.quantity
    oldest = since if last else shown[limit - 1].posted_at
    counts = counted(item, places, member=member, since=oldest, until=newest)
    return sorted([*told, *(Told(count.moment, count=count) for count in counts)], key=_latest_first, reverse=True)


def whole_story(
    item: Item, places: QuerySet[StockLine], *, member: Member, since: datetime | None, until: datetime | None
) -> Iterator[Told]:
    """All of it, oldest first, for files."""
    balance = ZERO
    if since is not None:
        earlier = LedgerEntry.objects.filter(stock_line__in=places, posted_at__lt=since)
        balance = earlier.aggregate(total=Sum("quantity"))["total"] or ZERO
    counts = counted(item, places, member=member, since=since, until=until)
    waiting = sorted(counts, key=lambda count: count.moment)
    for entry in story_entries(places, since, until).order_by("posted_at", "id").iterator(chunk_size=2000):
        while waiting and waiting[0].moment < entry.posted_at:
            count = waiting.pop(0)
            yield Told(count.moment, count=count)
        balance += entry.quantity
        yield Told(entry.posted_at, entry=entry, balance=balance)
    for count in waiting:
        yield Told(count.moment, count=count)


def counted(
    item: Item, places: QuerySet[StockLine], *, member: Member, since: datetime | None, until: datetime | None
) -> list[Counted]:
    """What the floors above tell of these stock lines in [since, until)."""
    answers = story_wanted.send(sender=Item, item=item, places=places, member=member, since=since, until=until)
    return list(chain.from_iterable(rows or () for _receiver, rows in answers))


def _latest_first(told: Told) -> tuple[datetime, bool]:
    """Of one moment the count comes after the movement: it saw its balance."""
    return told.moment, told.count is not None
