"""Counts in the admin: read by everybody's own permissions, written by nobody, blind for who counts."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.tenancy import organization_scope
from apps.counts.models import CountLine, CountTask
from apps.counts.services import close_count, set_tolerance
from tests.counts.builders import enter, line, receive, released, shop

MODELS = ("count", "counttask", "countline", "countentry", "tolerancerule")
ROLES = ["owner", "manager", "counter", "controller", "finance", "assignee", "auditor"]
IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRETS = re.compile(r'csrf-token" content="\w+"|name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|"\w{64}"')


@pytest.fixture
def place(organization):
    return shop()


@pytest.fixture
def zhou(person):
    return person("zhou", "manager")


@pytest.fixture
def li(person):
    return person("li", "counter")


def url(model, rest=""):
    return f"/o/alpha/admin/counts/{model}/{rest}"


def text(response):
    """What is readable of a page: without ids and secrets, in whose digits anything may stand."""
    assert response.status_code == 200
    return IDS.sub("", SECRETS.sub("", response.content.decode()))


@pytest.mark.parametrize("role", ROLES)
def test_lists(place, li, person, browse, role):
    enter(released(place, li), li, "CUP", 90)
    client = browse(person("someone", role))
    shut = {model for model in MODELS if client.get(url(model)).status_code == 403}
    assert shut == ({"counttask"} if role == "auditor" else set())


def test_rows_open_and_nothing_is_written(place, li, person, browse, zhou):
    rule = set_tolerance(percent="1", actor=person("qian", "finance"))
    count = released(place, li)
    entry = enter(count, li, "CUP", 90)
    client = browse(zhou)
    rows = (count, CountTask.objects.filter(zone="A").get(), line(count, "CUP"), entry, rule)
    for model, row in zip(MODELS, rows, strict=True):
        assert client.get(url(model, f"{row.pk}/change/")).status_code == 200, model
        assert client.post(url(model, f"{row.pk}/change/"), {"quantity": "1", "_save": "1"}).status_code == 403, model
        assert client.post(url(model, f"{row.pk}/delete/"), {"post": "yes"}).status_code == 403, model
        assert client.get(url(model, "add/")).status_code == 403, model


@pytest.mark.parametrize("roles", [("counter",), ("assignee",), ("counter", "manager"), ("controller",)])
def test_a_counter_sees_no_book_figure(place, person, browse, zhou, roles):
    receive(place, place.cup, place.a2, 8542)
    chen = person("chen", *roles)
    earlier = released(place)
    enter(earlier, zhou, "CUP", 8642)
    close_count(earlier, actor=zhou)
    count = released(place, chen)
    own = enter(count, chen, "CUP", 4000)
    client = browse(chen)
    pages = [url(model, query) for model in MODELS for query in ("", "?q=CUP", f"?q={count.count_no}")]
    pages += [url("count", f"{row.pk}/change/") for row in (count, earlier)]
    pages += [url("countentry", f"{own.pk}/change/")]
    shown = "".join(text(client.get(address)) for address in pages)
    assert [figure for figure in ("8642", "8,642", "4642", "4,642") if figure in shown] == []
    for row in (line(count, "CUP"), line(earlier, "CUP")):
        assert client.get(url("countline", f"{row.pk}/change/")).status_code == 404
    assert client.get(url("countentry", f"{earlier.entries.get().pk}/change/")).status_code == 404
    close_count(count, actor=zhou)
    assert client.get(url("countline", f"{line(count, 'CUP').pk}/change/")).status_code == 200


def test_who_reads_the_book_and_does_not_count_sees_it(place, li, browse, zhou):
    count = released(place, li)
    client = browse(zhou)
    assert client.get(url("countline", f"{line(count, 'CUP').pk}/change/")).status_code == 200
    assert client.get(url("countline")).context["cl"].result_count == CountLine.objects.count() == 3


def test_rows_of_another_company_are_absent(place, person, browse, twin):
    with organization_scope(twin):
        there = shop()
        tang = person("tang", "counter")
        count = released(there, tang)
        entry = enter(count, tang, "CUP", 90)
        rule = set_tolerance(percent="1", actor=person("tan", "finance"))
        rows = (count, CountTask.objects.filter(zone="A").get(), line(count, "CUP"), entry, rule)
    client = browse(person("chen", "manager"))
    for model, row in zip(MODELS, rows, strict=True):
        assert client.get(url(model, f"{row.pk}/change/")).status_code == 404, model
        assert client.get(url(model)).context["cl"].result_count == 0, model


def test_lists_do_not_ask_more_with_more_rows(place, li, person, browse, zhou):
    client, qian = browse(zhou), person("qian", "finance")

    def asked():
        numbers = []
        for model in MODELS:
            client.get(url(model))
            with CaptureQueriesContext(connection) as queries:
                client.get(url(model))
            numbers.append((model, len(queries)))
        return numbers

    def grow():
        count = released(place, li)
        enter(count, li, "CUP", 90)
        close_count(count, actor=zhou)
        set_tolerance(percent="1", actor=qian)

    grow()
    few = asked()
    grow()
    grow()
    assert asked() == few
