"""Nothing of one organization reaches another: generated from the URLconf, for every role and method.

Foreign is absent: the ids and codes of another organization are answered as those of nothing are, in the path, the
query, the body and in files, with the same status and the same words. Nothing may crash. `make isolation` runs all
roles, `make test` the most telling (see tests/architecture/isolation).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings

from apps.core.tenancy import InActiveOrganization, organization_scope
from tests.architecture.code import routes, tenant_models
from tests.architecture.isolation import planted
from tests.architecture.isolation.addresses import Address, addresses
from tests.architecture.isolation.bodies import BROKEN_FILES, JSON_JUNK, JUNK, Refer, api_body, form_value, label_of
from tests.architecture.isolation.caller import Answer, Caller, overheard
from tests.architecture.isolation.universe import Universe, Watch, universe

FULL = os.environ.get("ISOLATION") == "full"

MEMBERS = ("owner", "manager", "counter", "controller", "finance", "assignee", "auditor", "support", "all", "token")
TELLING = ("all", "counter", "token")
"""Who may everything that a person may, who may the least, and who comes without a browser."""

OUTSIDERS = ("anonymous", "stranger", "operator", "twin", "third", "foreign token")

FEW = JUNK if FULL else JUNK[1:4]

API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PAGE_METHODS = ("GET", "POST", "htmx GET", "htmx POST", "PUT", "DELETE", "HEAD", "OPTIONS")
ADMIN_METHODS = ("GET", "POST", "DELETE")
"""The admin knows two ways: a form that is sent, and everything else."""

PARTS = 6
PART = pytest.mark.parametrize("part", range(PARTS))


@cache
def inside() -> list[Address]:
    return addresses(site.ORGANIZATION_URLCONF)


def share(part: int, role: str, wanted: Any = lambda address: True) -> list[Address]:
    """The part's addresses. A token opens the API only."""
    found = [address for address in inside() if wanted(address) and ("token" not in role or address.kind == "api")]
    return found[part::PARTS]


def methods(address: Address) -> tuple[str, ...]:
    return {"admin": ADMIN_METHODS, "api": API_METHODS, "page": PAGE_METHODS}[address.kind]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Universe]:
    with django_db_blocker.unblock():
        assert connection.settings_dict["NAME"].startswith("test_"), (
            "run this file as a whole: no test asked for a database"
        )
        with universe(tmp_path_factory.mktemp("universe")) as found:
            yield found


@pytest.fixture
def count(record_property: Any) -> Any:
    """Leaves the number of a test's requests for the summary."""

    def made(caller: Caller, addresses: list[Address]) -> None:
        record_property("requests", caller.calls)
        assert caller.called == {address.route for address in addresses}

    return made


def call(caller: Caller, address: Address, method: str, path: str, body: Any = None) -> Answer:
    htmx, _, verb = method.rpartition(" ")
    headers = {"HX-Request": "true"} if htmx else {}
    answer = caller(address.route, verb, path, body, as_json=address.kind == "api" and body is not None, **headers)
    for here in (path, quote(path), quote(path, safe="")):
        answer.body = answer.body.replace(here, "…")
    return answer


def namings(address: Address, world: Universe, number: int) -> Iterator[tuple[str, str]]:
    """Pairs of paths, one with a foreign id and one with the id of nothing: the first id, then each id below it."""
    foreign, own, nothing = (world.twin if number % 2 else world.third).of, world.own.of, world.nothing.of
    for place in range(len(address.places)):
        before = [own] * place
        yield address.path("/o/alpha/", *before, foreign), address.path("/o/alpha/", *before, nothing)


@pytest.mark.django_db
def test_the_matrix_knows_every_address():
    """What it cannot fill in, it says; first in the file, and marked, so that the test database is made."""
    assert {address.route for address in inside()} == {
        route for route, _pattern, _name in routes(site.ORGANIZATION_URLCONF)
    }


def test_the_world_fills_every_tenant_table(world):
    for organization in (found.organization for found in world.worlds.values()):
        with organization_scope(organization):
            assert [model._meta.label for model in tenant_models() if not model.objects.exists()] == []


@PART
@pytest.mark.parametrize("role", MEMBERS if FULL else TELLING)
def test_a_foreign_id_in_the_path_is_absent(world, role, part, count):
    caller, mine = world.caller(role), share(part, role, lambda address: address.places)
    with Watch(world) as watch:
        watch.sent = world.sent
        for number, address in enumerate(mine):
            own_page = address.path("/o/alpha/", world.own.of)
            for foreign, absent in namings(address, world, number):
                for method in methods(address):
                    what = f"{role} {method} {address.name}"
                    one = watch.look(call(caller, address, method, foreign), f"{what} foreign")
                    other = watch.look(call(caller, address, method, absent), f"{what} absent")
                    watch.same(one, other, what)
                    back = one.status == 302 and own_page.startswith(one.location)
                    if one.status not in (403, 404, 405) and method != "OPTIONS" and not back:
                        watch.wrong.append(f"{what}: answers {one.status} {one.location}")
    count(caller, mine)


@PART
@pytest.mark.parametrize("role", MEMBERS if FULL else TELLING)
def test_own_pages_show_nothing_foreign(world, role, part, count):
    caller, mine = world.caller(role), share(part, role)
    with Watch(world) as watch:
        for address in mine:
            path = address.path("/o/alpha/", world.own.of)
            exports = ("?export=csv", "?export=xlsx") if address.kind == "page" else ()
            for query in ("", *exports):
                watch.look(call(caller, address, "GET", path + query), f"{role} GET {address.name} {query}")
    count(caller, mine)


@PART
@pytest.mark.parametrize("role", ("all", "counter", "auditor", "token") if FULL else ("all",))
def test_a_foreign_id_in_the_query_is_absent(world, role, part, count):
    """The names that a page looks for in its query: each that refers to rows alone, the others together."""
    caller, mine = (
        world.caller(role),
        share(part, role, lambda address: FULL or address.kind != "admin"),
    )
    with Watch(world) as watch:
        watch.sent = world.sent
        for address in mine:
            path = address.path("/o/alpha/", world.own.of)
            if call(caller, address, "GET", path).status != 200:
                continue
            names = sorted(overheard)
            rows = [name for name in names if label_of(name)]
            queries = [({name: foreign}, {name: absent}) for name in rows for foreign, absent in values(name, world)]
            words = [name for name in names if name not in rows]
            queries += [tuple(dict.fromkeys(words, refer.code) for refer in (world.third, world.nothing))]
            for foreign, absent in queries:
                what = f"{role} GET {address.name} {foreign}"
                one = watch.look(call(caller, address, "GET", f"{path}?{urlencode(foreign, doseq=True)}"), what)
                other = watch.look(call(caller, address, "GET", f"{path}?{urlencode(absent, doseq=True)}"), what)
                watch.same(one, other, what)
            for junk in FEW:
                for query in [{name: junk} for name in names] if FULL else [dict.fromkeys(names, junk)]:
                    found = call(caller, address, "GET", f"{path}?{urlencode(query)}")
                    watch.look(found, f"{role} GET {address.name} {query}")
    count(caller, mine)


def values(name: str, world: Universe) -> list[tuple[Any, Any]]:
    """(foreign, absent) pairs to put under a name: by code, and by id where it refers to rows."""
    by_code = (world.third.code, world.nothing.code)
    return [(form_value(name, world.twin), form_value(name, world.nothing)), by_code] if label_of(name) else [by_code]


@PART
@pytest.mark.parametrize("role", ("all", "counter") if FULL else ("all",))
def test_a_foreign_id_in_a_form_is_absent(world, role, part, count):
    """Each name that a page looks for in what is sent to it, one at a time among plausible others; and files."""
    caller, mine = world.caller(role), share(part, role, lambda address: address.kind != "api")
    with Watch(world) as watch:
        watch.sent = world.sent
        for address in mine:
            path = address.path("/o/alpha/", world.own.of)
            own = listened(caller, address, path, world.own)
            for name in own if FULL else filter(label_of, own):
                what = f"{role} POST {address.name} {name}="
                for foreign, absent in values(name, world):
                    one = watch.look(call(caller, address, "POST", path, own | {name: foreign}), f"{what}{foreign}")
                    other = watch.look(call(caller, address, "POST", path, own | {name: absent}), f"{what}{absent}")
                    watch.same(one, other, f"{what}{foreign}")
                for junk in JUNK if FULL else ():
                    found = call(caller, address, "POST", path, own | {name: [junk, junk]})
                    watch.look(found, f"{what}{junk!r}")
            for name in (name for name in own if hasattr(own[name], "read")):
                one, other = (
                    watch.look(call(caller, address, "POST", path, own | {name: form_value(name, refer)}), address.name)
                    for refer in (world.third, world.nothing)
                )
                watch.same(one, other, f"{role} POST {address.name} {name}")
                for file, content in BROKEN_FILES.items():
                    broken = own | {name: SimpleUploadedFile(file, content)}
                    watch.look(call(caller, address, "POST", path, broken), f"{role} POST {address.name} {file}")
            for junk in FEW if own else ():
                found = call(caller, address, "POST", path, dict.fromkeys(own, junk))
                watch.look(found, f"{role} POST {address.name} {junk!r}")
    count(caller, mine)


def listened(caller: Caller, address: Address, path: str, refer: Refer) -> dict[str, Any]:
    """What the address looks for in a form, with plausible values: sent again until nothing new is looked for."""
    body: dict[str, Any] = {}
    for _round in range(4):
        if call(caller, address, "POST", path, body).status in (403, 405):
            return {}
        new = overheard - set(body) - {"csrfmiddlewaretoken"}
        if not new:
            break
        body |= {name: form_value(name, refer) for name in sorted(new)}
    return body


@PART
@pytest.mark.parametrize("role", ("all", "counter", "token") if FULL else ("token",))
def test_a_foreign_id_in_a_json_body_is_absent(world, role, part, count):
    """All references at once, then each alone among the organization's own; lists of several; wrong types."""
    caller, mine = world.caller(role), share(part, role, lambda address: hasattr(address.view, "cls"))
    with Watch(world) as watch:
        watch.sent = world.sent
        for address in mine:
            path = address.path("/o/alpha/", world.own.of)
            own, twin, third, nothing = (
                api_body(address.view.cls, refer) for refer in (world.own, world.twin, world.third, world.nothing)
            )
            actions = getattr(address.view, "actions", None) or {}
            for method in ("POST", "PUT", "PATCH"):
                what = f"{role} {method} {address.name}"
                pairs = [(twin, nothing), ([own, third], [own, nothing])]
                if method.lower() in actions:
                    pairs += [(own | {n: third[n]}, own | {n: nothing[n]}) for n in own if third[n] != own[n]]
                for foreign, absent in pairs:
                    one = watch.look(call(caller, address, method, path, foreign), f"{what} {foreign}")
                    other = watch.look(call(caller, address, method, path, absent), f"{what} {absent}")
                    watch.same(one, other, f"{what} {foreign}")
                if method.lower() in actions:
                    worst = JSON_JUNK if FULL else JSON_JUNK[-4:]
                    bodies = [*JSON_JUNK, *(own | {name: junk} for name in own for junk in worst)]
                    for body in bodies:
                        watch.look(call(caller, address, method, path, body), f"{what} {body!r}")
    count(caller, mine)


@PART
@pytest.mark.parametrize("role", OUTSIDERS)
def test_outsiders_find_no_organization(world, role, part, count):
    """Who is no member gets the answer that an organization gives which does not exist."""
    caller, mine = world.caller(role), share(part, role)
    anonymous = role in ("anonymous", "foreign token")
    with Watch(world, role if role in world.worlds else "") as watch:
        watch.sent = [word for word in world.own.words if len(word) > 2]
        nowhere: dict[tuple[str, str, str], Answer] = {}
        for address in mine:
            path = address.path("/o/alpha/", world.own.of)
            for method in methods(address) if FULL else ("GET", "POST", "DELETE"):
                what = f"{role} {method} {address.name}"
                one = watch.look(call(caller, address, method, path), what)
                same = (method, address.kind, one.kind)
                if same not in nowhere:
                    nowhere[same] = call(caller, address, method, path.replace("/o/alpha/", "/o/nowhere/", 1))
                    watch.look(nowhere[same], what)
                    nowhere[same].location = nowhere[same].location.partition("?")[0]
                one.location = one.location.partition("?")[0]
                watch.same(one, nowhere[same], what)
                login = one.status == 302 and one.location == "/accounts/login/"
                if one.status != 404 and not (anonymous and (one.status == 401 or login)):
                    watch.wrong.append(f"{what}: answers {one.status} {one.location}")
    count(caller, mine)


@pytest.mark.parametrize("role", ["anonymous", "stranger", "operator", "manager"])
def test_outside_of_organizations_nothing_of_one_shows(world, role, count):
    caller, outside = world.caller(role), addresses(site.ROOT_URLCONF)
    with Watch(world) as watch:
        if role == "operator":
            watch.canaries = [canary for canary in watch.canaries if canary.startswith(tuple("0123456789"))]
        for address in outside:
            path = address.path("/", world.own.of)
            for method in API_METHODS:
                watch.look(call(caller, address, method, path), f"{role} {method} {address.name}")
            body = listened(caller, address, path, world.own)
            for name in body:
                for junk in JUNK:
                    what = f"{role} POST {address.name} {name}={junk!r}"
                    watch.look(call(caller, address, "POST", path, body | {name: junk}), what)
    count(caller, outside)


@PART
def test_without_the_managers_filter_nothing_leaks(world, part, monkeypatch, count):
    """The second and third lines hold alone: the first one is taken away on purpose."""
    monkeypatch.setattr(InActiveOrganization, "as_sql", lambda *args, **kwargs: ("1=1", []))
    caller, mine = world.caller("all"), share(part, "all")
    with organization_scope(world.alpha.organization):
        seen = {str(pk) for model in tenant_models() for pk in model.objects.values_list("pk", flat=True)}
    assert world.rows["alpha"] - seen == {str(world.alpha.organization.pk)}
    assert seen & (world.rows["twin"] | world.rows["third"]) == set()
    assert [model._meta.label for model in tenant_models() if model.objects.exists()] == []
    with Watch(world) as watch:
        watch.sent = world.sent
        for address in mine:
            watch.look(call(caller, address, "GET", address.path("/o/alpha/", world.own.of)), f"GET {address.name}")
            if address.places:
                one, other = (
                    watch.look(call(caller, address, "GET", address.path("/o/alpha/", refer.of)), address.name)
                    for refer in (world.twin, world.nothing)
                )
                watch.same(one, other, f"GET {address.name}")
    count(caller, mine)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("leaks", ["GET leaks: shows KANARIE (200)"]),
        ("tells", ["GET tells: foreign 403, absent 404"]),
        ("listens", ["GET listens: 500 ValueError(\"invalid literal for int() with base 10: 'x'\") in listens"]),
    ],
)
def test_planted_leaks_are_found(world, name, found):
    """A new address is among those that are called, and what is wrong with it is seen."""
    new = {address.route for address in addresses(planted.__name__)} - {address.route for address in inside()}
    assert len(new) == 3
    address = next(address for address in addresses(planted.__name__) if address.name == name)
    caller, watch = world.caller("all"), Watch(world)
    with override_settings(ORGANIZATION_URLCONF=planted.__name__):
        one, other = (
            watch.look(call(caller, address, "GET", address.path("/o/alpha/", refer.of)), f"GET {name}")
            for refer in (world.twin, world.nothing)
        )
        watch.same(one, other, f"GET {name}")
        if name == "listens":
            assert overheard == {"shelf"}
            path = address.path("/o/alpha/", world.own.of)
            watch.look(call(caller, address, "GET", f"{path}?shelf=x"), "GET listens")
    assert list(dict.fromkeys(watch.wrong)) == found


def test_the_matrix_is_as_large_as_promised():
    """Requests by foreign ids in paths and by outsiders alone, when all roles are called."""
    in_paths = {
        kind: sum(2 * len(address.places) * len(methods(address)) for address in inside() if address.kind in kind)
        for kind in (("api",), ("api", "page", "admin"))
    }
    outside = sum(2 * len(methods(address)) for address in inside())
    members, programs = len(MEMBERS) - 1, 1
    assert in_paths["api", "page", "admin"] * members + in_paths["api",] * programs + outside * 5 > 20_000
