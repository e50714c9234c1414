"""A counter sees no book quantity before the count is closed: every page that can be reached is read for it."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
import python_calamine

from apps.counts.enums import CountMode
from apps.counts.services import close_count, request_recount
from tests.counts.builders import enter, line, receive, released, shop

BOOK = {"POT": 7391, "CUP": 8642}
FIGURES = re.compile(r"7,?391|8,?642|9,?753")
"""Figures that stand nowhere but in the book, and what a recounter entered."""
NOISE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|name=\"csrfmiddlewaretoken\" value=\"\w+\"|content=\"\w{64}\""
)
LINK = re.compile(r'(?:href|hx-get|action)="([^"#]*)"')
ENOUGH = 80
"""Pages that one crawl reads: those named first, then what they link to."""


@pytest.fixture
def canary(organization):
    """A book of 7391 and one of 8642."""
    place = shop()
    receive(place, place.pot, place.a1, BOOK["POT"] - 1200)
    receive(place, place.cup, place.a2, BOOK["CUP"] - 100)
    return place


def read(response):
    """Everything readable of an answer: a page's text, a workbook's cells, a file's bytes."""
    content = b"".join(response) if response.streaming else response.content
    if "spreadsheetml" in response.get("Content-Type", ""):
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return "\n".join(str(row) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python())
    return content.decode("utf-8", "replace")


def crawl(client, start):
    """{address: text} of pages that can be reached by links, forms' addresses included, as GET."""
    seen, waiting = {}, list(start)
    while waiting and len(seen) < ENOUGH:
        address = waiting.pop(0)
        if address in seen:
            continue
        response = client.get(address)
        seen[address] = text = NOISE.sub("", read(response)) if response.status_code == 200 else ""
        for found in LINK.findall(text if response.get("Content-Type", "").startswith("text/html") else ""):
            found = unescape(found)
            target = address.split("?")[0] + found if found.startswith("?") else found
            if target.startswith("/o/alpha/") and "/admin/" not in target and target not in seen:
                waiting.append(target)
    return seen


START = [
    f"/o/alpha/{path}"
    for path in (
        "",
        "counts/",
        "counts/tasks/",
        "stock/",
        "documents/",
        "items/",
        "variances/",
        "reports/",
        "adjustments/",
        "stock/?export=csv",
        "counts/?export=xlsx",
    )
]


@pytest.mark.parametrize(
    ("roles", "mode"),
    [
        (["counter"], CountMode.STATIC),
        (["counter"], CountMode.DYNAMIC),
        (["manager"], CountMode.STATIC),
        (["controller", "counter"], CountMode.STATIC),
    ],
)
def test_whoever_counts_finds_no_book_figure(canary, person, browse, system, roles, mode):
    """Nor in an earlier, closed count of the same place; nor what somebody else recounted."""
    someone, other = person("someone", *roles), person("other", "counter")
    before = released(canary)
    enter(before, other, "POT", 1, "A-1")
    close_count(before, actor=system)
    count = released(canary, someone, mode=mode)
    enter(count, someone, "POT", 11, "A-1")
    enter(count, someone, "CUP", 12)
    request_recount([line(count, "CUP")], assignee=other, actor=person("zhou", "manager"))
    enter(count, other, "CUP", 9753)
    task = count.tasks.get(zone="A", round=1)
    views = ("", "?view=all", "?view=differing", "?view=beyond", "?export=csv", "?export=xlsx", "sheet/")
    addresses = [
        *START,
        *(f"/o/alpha/counts/{row.pk}/{rest}" for row in (before, count) for rest in views),
        f"/o/alpha/counts/tasks/{task.pk}/",
        f"/o/alpha/counts/tasks/{task.pk}/?code=POT",
        f"/o/alpha/counts/tasks/{task.pk}/submit/",
        f"/o/alpha/counts/tasks/{task.pk}/sheet/?export=xlsx",
        f"/o/alpha/items/{canary.cup.pk}/",
    ]
    pages = crawl(browse(someone), addresses)
    assert {address: FIGURES.findall(text) for address, text in pages.items() if FIGURES.search(text)} == {}
    assert len([text for text in pages.values() if text]) > 8


def test_the_figures_are_there_for_who_does_not_count_and_after_closing(canary, person, browse):
    li = person("li", "counter")
    count = released(canary, li)
    enter(count, li, "CUP", 12)
    watcher, counter = browse(person("qian", "controller")), browse(li)
    address = f"/o/alpha/counts/{count.pk}/"
    assert "8,642" in read(watcher.get(address))
    assert not FIGURES.search(NOISE.sub("", read(counter.get(address))))
    close_count(count, actor=person("zhou", "manager"))
    assert "8,642" in read(counter.get(address))
