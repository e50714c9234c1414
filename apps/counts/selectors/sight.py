"""Who sees book quantities: a counter never does before the count is closed, by any channel."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from apps.counts.enums import CountState
from apps.counts.models import Count, CountEntry, CountLine, CountLocation, CountTask
from apps.organizations.models import Member

READERS = frozenset({"owner", "manager", "controller", "finance", "auditor"})
"""Roles that read the book at all. Whoever holds none of them is here to count."""


def is_recorder(member: Member, count: Count) -> bool:
    """Whether the member counts here: has a task or has entered something, in any round."""
    return (
        CountTask.objects.filter(count=count, assignee=member).exists()
        or CountEntry.objects.filter(count=count, counter=member).exists()
    )


def sees_book(member: Member, count: Count) -> bool:
    """Whether the member may see the count's book figures, and whatever follows from them, now.

    Closed counts: everybody who sees the count, but for those who count its places blindly now, because its figures
    tell the book. Until then: nobody who is only here to count, and in a blind count nobody who counts in it,
    whatever their other roles.
    """
    if member.is_system:
        return True
    if count.state == CountState.CLOSED:
        hidden = hidden_locations(member)
        return not hidden or not count.locations.filter(location__in=hidden).exists()
    if not member.role_set & READERS:
        return False
    return not (count.is_open and count.blind and is_recorder(member, count))


def hidden_locations(member: Member) -> set[UUID]:
    """Locations whose stock the member must not see now.

    To those who are only here to count: every location of every open count. To others: the locations of the open
    blind counts in which they count.
    """
    if member.is_system:
        return set()
    places = CountLocation.objects.filter(is_open=True, count__state=CountState.COUNTING)
    if member.role_set & READERS:
        places = places.filter(count__in=_counting_blindly(member))
    return set(places.values_list("location_id", flat=True))


def _counting_blindly(member: Member) -> QuerySet[Count]:
    open_blind = Count.objects.filter(state=CountState.COUNTING, blind=True)
    return open_blind.filter(
        Q(pk__in=CountTask.objects.filter(assignee=member).values("count"))
        | Q(pk__in=CountEntry.objects.filter(counter=member, count__in=open_blind).values("count"))
    )


def visible_lines(member: Member) -> QuerySet[CountLine]:
    """Count lines whose figures the member may see now: `sees_book` for all counts at once.

    Lines of earlier counts at places that the member counts blindly now are left out: their figures tell the book.
    """
    lines = CountLine.objects.all()
    if member.is_system:
        return lines
    if member.role_set & READERS:
        lines = lines.exclude(count__in=_counting_blindly(member))
    else:
        lines = lines.filter(count__state=CountState.CLOSED)
    hidden = hidden_locations(member)
    return lines.exclude(stock_line__location__in=hidden) if hidden else lines


def visible_entries(member: Member) -> QuerySet[CountEntry]:
    """What the member entered, and what others entered on lines that the member may see."""
    return CountEntry.objects.filter(Q(counter=member) | Q(line__in=visible_lines(member)))
