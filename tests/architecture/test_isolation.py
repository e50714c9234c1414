"""Nothing of one company reaches another: generated from the URLconf, for every role and method.

The twin holds the same codes and numbers as the company. Foreign is absent: its ids are answered as ids of nothing
are, in the path, the query and the body, with the same status and the same words. Nothing may crash.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import copy
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.conf import settings as site
from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.test import override_settings

from apps.core.tenancy import organization_scope
from apps.organizations.models import User
from tests.architecture.code import tenant_models
from tests.architecture.matrix import (
    METHODS,
    OF_THE_ADMIN,
    Address,
    Answer,
    BareClient,
    Caller,
    Ids,
    Reference,
    addresses,
    api_body,
    filter_names,
    form_body,
    uuids,
)
from tests.architecture.world import World, build
from tests.organizations.builders import make_operator

OWN, FOREIGN = "JIAQUE", "KANARIE"
"""Marks of the company and of its twin: plain letters, found in whatever writes Chinese as codes."""

COST = "913.57"
WITHOUT = ("django_prometheus", "django_structlog", "whitenoise", "axes", "stockcheck.security")
"""Middlewares that count, log and decorate: nothing of whose organization it is."""

MEMBERS = ("counter", "manager", "auditor", "all")
THOROUGH = ("all", "counter")
OUTSIDERS = ("anonymous", "stranger", "twin", "operator")


class Universe:
    """Two companies and everybody who may knock at the first one's doors."""

    def __init__(self) -> None:
        helper = make_operator("helper")
        self.alpha: World = build("alpha", helper, mark=f"甲{OWN}", cost="111.13", alone="MINE-1")
        self.twin: World = build("twin", helper, mark=f"双{FOREIGN}", cost=COST, alone="HIDDEN-1")
        self.ids = Ids(self.alpha, self.twin, helper)
        self.inside = addresses(site.ORGANIZATION_URLCONF)
        self.outside = addresses(site.ROOT_URLCONF)
        self.filters = filter_names()

    def mirrored(self) -> Universe:
        """As the twin's people see it: the company's rows are the foreign ones."""
        other = copy(self)
        other.ids = copy(self.ids)
        other.ids.all_foreign = self.ids.all_own
        return other

    def caller(self, role: str) -> Caller:
        client = BareClient(raise_request_exception=False)
        if role != "anonymous":
            client.force_login(self._user(role), backend="django.contrib.auth.backends.ModelBackend")
        return Caller(client)

    def _user(self, role: str) -> User:
        if role == "stranger":
            return User.objects.create_user("stranger", "stranger@example.com", "x")
        if role == "operator":
            return make_operator("another-operator")
        if role == "twin":
            return self.twin.people["all"].user
        return self.alpha.people[role].user


def test_the_world_fills_every_tenant_table(db):
    """First in the file: it also makes the test database, which the module's own transaction relies on."""
    world = build("twin", make_operator(), mark=FOREIGN, cost=COST, alone="HIDDEN-1")
    with organization_scope(world.organization):
        assert [model._meta.label for model in tenant_models() if not model.objects.exists()] == []


@pytest.fixture(scope="module")
def universe(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Universe]:
    """Both companies in one transaction, which is taken back when all roles have been at the doors."""
    assert connection.settings_dict["NAME"].startswith("test_")
    folder = tmp_path_factory.mktemp("universe")
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder / "media"), "base_url": None},
    }
    with (
        django_db_blocker.unblock(),
        override_settings(
            AUDIT_HEADS_DIR=folder / "heads",
            SIGNING_KEYS_DIR=folder / "keys",
            MIDDLEWARE=[name for name in site.MIDDLEWARE if not name.startswith(WITHOUT)],
            SESSION_ENGINE="django.contrib.sessions.backends.cache",
            STORAGES={**site.STORAGES, "default": storage},
        ),
        transaction.atomic(),
    ):
        logging.disable(logging.CRITICAL)
        try:
            yield Universe()
        finally:
            logging.disable(logging.NOTSET)
            transaction.set_rollback(True)


class Watch:
    """Looks at every answer, and keeps what is wrong with it."""

    def __init__(self, universe: Universe, *marks: str) -> None:
        self.universe = universe
        self.marks = marks
        self.wrong: list[str] = []

    def look(self, answer: Answer, what: str, *sent: str) -> Answer:
        if answer.status >= 500:
            self.wrong.append(f"{what}: {answer.status} {answer.error}")
        text = answer.text + answer.location
        if any(mark in text for mark in self.marks):
            self.wrong.append(f"{what}: shows a mark ({answer.status})")
        if leaked := (uuids(text) & self.universe.ids.all_foreign) - set(sent):
            self.wrong.append(f"{what}: shows foreign ids {sorted(leaked)[:3]}")
        return answer

    def same(self, one: Answer, other: Answer, what: str, *sent: str) -> None:
        if one.status != other.status:
            self.wrong.append(f"{what}: foreign {one.status}, absent {other.status} {one.error}{other.error}")
        elif one.status >= 400 and one.normal(*sent) != other.normal(*sent):
            self.wrong.append(f"{what}: foreign and absent are told in other words ({one.status})")


def paths(address: Address, universe: Universe) -> tuple[str, str, str]:
    ids = universe.ids
    return tuple(
        address.path("/o/alpha/", lambda label, samples=samples: samples[label])
        for samples in (ids.own, ids.foreign, ids.nothing)
    )


def methods(address: Address) -> tuple[str, ...]:
    return OF_THE_ADMIN if address.kind == "admin" else METHODS


@pytest.mark.parametrize("role", MEMBERS)
def test_a_foreign_id_in_the_path_is_absent(universe, role):
    call, watch = universe.caller(role), Watch(universe, FOREIGN, COST)
    sent = [str(pk) for samples in (universe.ids.foreign, universe.ids.nothing) for pk in samples.values()]
    for address in universe.inside:
        own, foreign, nothing = paths(address, universe)
        for method in methods(address) if role in ("all", "counter") else OF_THE_ADMIN:
            what = f"{role} {method} {address.name}"
            if not address.takes_ids:
                watch.look(call(address, own, method), what)
                continue
            one = watch.look(call(address, foreign, method), f"{what} foreign id", *sent)
            other = watch.look(call(address, nothing, method), f"{what} no id", *sent)
            watch.same(one, other, what, *sent)
            if one.status < 300 and method != "OPTIONS":
                watch.wrong.append(f"{what}: answered {one.status}")
    assert watch.wrong == []
    assert call.called == {address.name for address in universe.inside}


@pytest.mark.parametrize("role", MEMBERS)
def test_own_pages_show_nothing_foreign(universe, role):
    call, watch = universe.caller(role), Watch(universe, FOREIGN, COST)
    for address in universe.inside:
        own, _foreign, _nothing = paths(address, universe)
        for query in ("",) if address.takes_ids or address.kind != "page" else ("", "?export=csv", "?export=xlsx"):
            watch.look(call(address, own + query, "GET"), f"{role} GET {address.name} {query}")
    assert watch.wrong == []


@pytest.mark.parametrize("role", THOROUGH)
def test_a_foreign_id_in_the_query_is_absent(universe, role):
    call, watch = universe.caller(role), Watch(universe, FOREIGN, COST)
    ids = universe.ids
    sent = [str(pk) for samples in (ids.foreign, ids.nothing) for pk in samples.values()]

    def query(samples: dict[str, Any]) -> str:
        named = universe.filters.items()
        return "?" + urlencode({name: samples.get(label, samples["catalog.Item"]) for name, label in named})

    for address in universe.inside:
        own, _foreign, _nothing = paths(address, universe)
        what = f"{role} GET {address.name} foreign query"
        one = watch.look(call(address, own + query(ids.foreign), "GET"), what, *sent)
        watch.same(one, call(address, own + query(ids.nothing), "GET"), what, *sent)
        for odd in () if address.takes_ids else (FOREIGN[:5], "HIDDEN", "%00", "x&page=x&page_size=0&sort=nothing"):
            found = call(address, f"{own}?q={odd}&search={odd}&s={odd}&extended=1", "GET")
            watch.look(found, f"{what} q={odd}")
    assert watch.wrong == []


@pytest.mark.parametrize("role", THOROUGH)
def test_a_foreign_id_in_the_body_is_absent(universe, role):
    call, watch = universe.caller(role), Watch(universe, FOREIGN, COST)
    ids = universe.ids
    foreign, nothing = Reference(ids.foreign, ids.alone), Reference(ids.nothing, f"X{uuid4().hex[:7]}")
    sent = [str(pk) for refer in (foreign, nothing) for pk in (*refer.ids.values(), refer.code)]
    forms = form_body(foreign), form_body(nothing)
    for address in universe.inside:
        own, _foreign, _nothing = paths(address, universe)
        in_api = address.kind == "api" and hasattr(address.view, "cls")
        bodies = (api_body(address.view.cls, foreign), api_body(address.view.cls, nothing)) if in_api else forms
        for method in ("POST", "PUT", "PATCH") if in_api else ("POST",):
            what = f"{role} {method} {address.name}"
            one = watch.look(call(address, own, method, bodies[0]), f"{what} foreign body", *sent)
            other = watch.look(call(address, own, method, bodies[1]), f"{what} body", *sent)
            watch.same(one, other, f"{what} foreign body", *sent)
            for odd in ({}, [], "x") if in_api else ({},):
                watch.look(call(address, own, method, odd), f"{what} {odd!r}")
    assert watch.wrong == []


@pytest.mark.parametrize("role", OUTSIDERS)
def test_outsiders_find_no_organization(universe, role):
    """Who is no member gets the answer that an organization gives which does not exist."""
    call = universe.caller(role)
    watch = Watch(universe, OWN, *([] if role == "twin" else [FOREIGN]))
    if role == "twin":
        watch.universe = universe.mirrored()
    expected = {"page": {302, 401, 404}, "admin": {302, 404}, "api": {401, 404}} if role == "anonymous" else {}
    nowhere: dict[tuple[Any, ...], Answer] = {}
    for address in universe.inside:
        own, _foreign, _nothing = paths(address, universe)
        for method in methods(address):
            what = f"{role} {method} {address.name}"
            one = watch.look(call(address, own, method), what)
            key = (address.kind, method, one.status)
            if key not in nowhere:
                nowhere[key] = call(address, own.replace("/o/alpha/", "/o/nowhere/", 1), method)
            watch.same(one, nowhere[key], what, "alpha", "nowhere")
            if one.status not in expected.get(address.kind, {404}):
                watch.wrong.append(f"{what}: {one.status}")
            if one.status == 302 and not one.location.startswith("/accounts/login/"):
                watch.wrong.append(f"{what}: leads to {one.location}")
    assert watch.wrong == []
    assert call.called == {address.name for address in universe.inside}


@pytest.mark.parametrize("role", ["anonymous", "stranger", "operator", "manager"])
def test_outside_of_organizations_nothing_of_one_shows(universe, role):
    call, watch = universe.caller(role), Watch(universe, FOREIGN, COST)
    if role == "operator":
        watch.marks = (COST, f"双{FOREIGN}品", f"双{FOREIGN}一号仓", f"双{FOREIGN}manager")
    for address in universe.outside:
        path = address.path("/", lambda label: universe.ids.own.get(label, "1"))
        for method in METHODS:
            watch.look(call(address, path, method), f"{role} {method} {address.name}")
        watch.look(call(address, path, "POST", {"login": "x", "password": "y"}), f"{role} POST {address.name}")
    assert watch.wrong == []


def test_mail_and_cache_hold_nothing_of_the_twin(universe):
    assert [letter.subject for letter in mail.outbox if FOREIGN in letter.subject + letter.body] == []
    assert FOREIGN.encode() not in b"".join(map(bytes, cache._cache.values()))
