"""The engine of the isolation matrix: every address, as every role, by every method, with every kind of id.

Addresses come from the URLconf, so a new one is called without being named here. What stands in its place for an id
is found by the word before it; an unknown word fails the test until it is added to `PLACES`.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django import forms
from django.apps import apps
from django.core.signals import got_request_exception
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern
from rest_framework import serializers

from apps.core.tenancy import organization_scope
from tests.architecture.code import APPS, modules, routes, tenant_models
from tests.architecture.world import World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
OF_THE_ADMIN = ("GET", "POST", "DELETE")
"""The admin knows two ways: a form that is sent, and everything else."""

PLACES = {
    "adjustments": "rectification.Adjustment",
    "approvals": "approvals.Approval",
    "audit": "audit.AuditEntry",
    "barcodes": "catalog.Barcode",
    "causes": "variances.Cause",
    "counts": "counts.Count",
    "departments": "organizations.Department",
    "documents": "movements.Document",
    "entries": "counts.CountEntry",
    "evidence": "variances.Evidence",
    "imports": "organizations.Job",
    "invitations": "organizations.Invitation",
    "items": "catalog.Item",
    "jobs": "organizations.Job",
    "keys": "mfa.Authenticator",
    "lines": "counts.CountLine",
    "locations": "catalog.Location",
    "members": "organizations.Member",
    "notifications": "notifications.Notification",
    "reports": "reports.Report",
    "support": "organizations.SupportGrant",
    "tasks": "counts.CountTask",
    "tokens": "organizations.ApiToken",
    "variances": "variances.Variance",
    "warehouses": "catalog.Warehouse",
}
"""What the id behind a word of an address belongs to; the API and the admin say it themselves."""

OTHER_VALUES = {
    "app_label": "organizations",
    "code": "alpha",
    "digest": "0" * 64,
    "format": "json",
    "key": "1-x",
    "secret": "nosuchsecret",
    "step": "post",
    "uidb36": "1",
    "url": "nothing/here",
}
"""Parts of addresses that are no ids."""

NAMES = {
    "actor": "organizations.Member",
    "adjustment": "rectification.Adjustment",
    "approver": "organizations.Member",
    "assignee": "organizations.Member",
    "category": "catalog.Category",
    "cause": "variances.Cause",
    "cause_type": "variances.CauseType",
    "count": "counts.Count",
    "counter": "organizations.Member",
    "counters": "organizations.Member",
    "department": "organizations.Department",
    "document": "movements.Document",
    "document_line": "movements.DocumentLine",
    "document_lines": "movements.DocumentLine",
    "entry": "counts.CountEntry",
    "item": "catalog.Item",
    "job": "organizations.Job",
    "line": "counts.CountLine",
    "location": "catalog.Location",
    "manager": "organizations.Member",
    "member": "organizations.Member",
    "members": "organizations.Member",
    "operator": "organizations.Member",
    "person": "organizations.Member",
    "recipients": "organizations.Member",
    "report": "reports.Report",
    "stock_line": "movements.StockLine",
    "storekeeper": "organizations.Member",
    "target_id": "variances.Variance",
    "task": "counts.CountTask",
    "to_location": "catalog.Location",
    "to_warehouse": "catalog.Warehouse",
    "unit": "catalog.Unit",
    "variance": "variances.Variance",
    "variances": "variances.Variance",
    "warehouse": "catalog.Warehouse",
    "zone": "catalog.Location",
}
"""Names under which queries and bodies refer to rows, beyond those of the forms."""

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANGING = re.compile(
    r'csrf-token" content="\w+"|name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|"csrfToken": ?"\w+"'
)


@dataclass(frozen=True)
class Address:
    """One route: `parts` are its literal texts and, as ("name", model label or ""), what has to be filled in."""

    name: str
    route: str
    kind: str
    parts: tuple[Any, ...]
    view: Any

    @property
    def takes_ids(self) -> bool:
        return any(isinstance(part, tuple) and part[1] for part in self.parts)

    def path(self, prefix: str, ids: Callable[[str], Any]) -> str:
        filled = [
            (str(ids(part[1])) if part[1] else OTHER_VALUES[part[0]]) if isinstance(part, tuple) else part
            for part in self.parts
        ]
        return prefix + "".join(filled)


def addresses(urlconf: str) -> list[Address]:
    return [_address(*route) for route in routes(urlconf)]


def _address(route: str, pattern: URLPattern, name: str) -> Address:
    view = getattr(pattern.callback, "cls", None)
    kind = "admin" if route.startswith("admin/") else "api" if route.startswith("api/") else "page"
    parts: list[Any] = []
    for literal, parameter in _pieces(route):
        parts.append(literal)
        if parameter:
            parts.append((parameter, _place(parameter, "".join(map(_text, parts)), kind, view)))
    return Address(name or route, route, kind, tuple(parts), pattern.callback)


def _text(part: Any) -> str:
    return "" if isinstance(part, tuple) else part


def _pieces(route: str) -> Iterator[tuple[str, str]]:
    """(literal text, name of the parameter behind it) of a route, whether it is a path or a regular expression."""
    literal, at = "", 0
    while at < len(route):
        if route.startswith("(?P<", at):
            end, depth = at, 0
            while True:
                depth += {"(": 1, ")": -1}.get(route[end], 0)
                end += 1
                if depth == 0:
                    break
            yield literal, route[at + 4 : route.index(">", at)]
            literal, at = "", end
        elif route[at] == "<":
            end = route.index(">", at)
            yield literal, route[at + 1 : end].rpartition(":")[2]
            literal, at = "", end + 1
        elif route[at] in "^$":
            at += 1
        elif route.startswith("/?", at):
            at += 2
        else:
            at += route[at] == "\\"
            literal += route[at]
            at += 1
    yield literal, ""


def _place(parameter: str, before: str, kind: str, view: Any) -> str:
    """The label of the model whose id stands there, "" for what is no id."""
    if parameter in OTHER_VALUES:
        return ""
    words = before.strip("/").split("/")
    if kind == "admin":
        return apps.get_model(words[1], words[2])._meta.label
    if kind == "api" and getattr(view, "model", None) is not None and parameter == "pk":
        return view.model._meta.label
    if words[-1] not in PLACES:
        raise LookupError(f"matrix.PLACES does not say what stands behind “{before}” ({parameter})")
    return PLACES[words[-1]]


class Ids:
    """Sample rows of two companies, and ids of nothing."""

    def __init__(self, own: World, foreign: World, user: Any) -> None:
        self.own, self.foreign = self._samples(own), self._samples(foreign)
        for samples, world in ((self.own, own), (self.foreign, foreign)):
            samples["organizations.Organization"] = world.organization.pk
            samples["organizations.User"] = world.people["owner"].user_id
            samples["mfa.Authenticator"] = 1
        self.all_own, self.all_foreign = self._all(own), self._all(foreign)
        self.alone = foreign.alone
        self.nothing = {label: uuid4() for label in self.own}

    def _all(self, world: World) -> set[str]:
        with organization_scope(world.organization):
            rows = {str(pk) for model in tenant_models() for pk in model.objects.values_list("pk", flat=True)}
        return rows | {str(world.organization.pk)}

    def _samples(self, world: World) -> dict[str, Any]:
        with organization_scope(world.organization):
            return {model._meta.label: model.objects.order_by("pk").first().pk for model in tenant_models()}


@dataclass
class Reference:
    """How a request names rows: by `ids` and by a code."""

    ids: dict[str, Any]
    code: str

    def of(self, label: str) -> str:
        return str(self.ids.get(label) or next(iter(self.ids.values())))


def form_fields() -> dict[str, forms.Field]:
    """Every field of every form of ours, by name; a reference wins over a plain field of the same name."""
    found: dict[str, forms.Field] = {}
    for app in APPS:
        for name in ("forms", "views", "filters"):
            for module in modules(f"apps.{app}.{name}"):
                for thing in vars(module).values():
                    if isinstance(thing, type) and issubclass(thing, forms.BaseForm):
                        for field_name, form_field in thing.base_fields.items():
                            if field_name not in found or isinstance(form_field, forms.ModelChoiceField):
                                found[field_name] = form_field
    return found


def filter_names() -> dict[str, str]:
    """{parameter: model label} of every filter by reference, of pages and of the API."""
    import django_filters

    found = dict(NAMES)
    for app in APPS:
        for module in modules(f"apps.{app}.filters"):
            for thing in vars(module).values():
                if isinstance(thing, type) and issubclass(thing, django_filters.FilterSet):
                    for name, a_filter in thing.base_filters.items():
                        queryset = a_filter.extra.get("queryset")
                        model = getattr(queryset, "model", None) or getattr(
                            getattr(a_filter, "field_name", None) and thing._meta.model, "_meta", None
                        )
                        if name in NAMES:
                            continue
                        if isinstance(model, type) and issubclass(model, Model):
                            found[name] = model._meta.label
    return found


def form_body(refer: Reference) -> dict[str, Any]:
    """One body for every form: each reference names a row as `refer` does, the rest is plausible."""
    body: dict[str, Any] = {name: refer.of(label) for name, label in NAMES.items()}
    for name, form_field in form_fields().items():
        if name in body:
            continue
        model = getattr(getattr(form_field, "queryset", None), "model", None)
        body[name] = refer.of(model._meta.label) if model is not None else _plausible(form_field)
    body |= {"ids": [refer.of(label) for label in PLACES.values()], "lines": [refer.of("counts.CountLine")]}
    return body


def _plausible(form_field: forms.Field) -> Any:
    if isinstance(form_field, forms.MultipleChoiceField):
        return [key for key, _label in list(form_field.choices)[:1]]
    if isinstance(form_field, forms.ChoiceField):
        return next((key for key, _label in form_field.choices if key and not isinstance(key, tuple)), "")
    if isinstance(form_field, forms.BooleanField):
        return "on"
    if isinstance(form_field, forms.DateTimeField):
        return "2024-01-02T03:04"
    if isinstance(form_field, forms.DateField):
        return "2024-01-02"
    if isinstance(form_field, (forms.DecimalField, forms.IntegerField)):
        return "1"
    if isinstance(form_field, forms.EmailField):
        return "x@example.com"
    return "x1"


def api_body(view: Any, refer: Reference) -> dict[str, Any]:
    body: dict[str, Any] = {name: refer.of(label) for name, label in NAMES.items()}
    for serializer in _serializers(view):
        body |= _filled(serializer, refer)
    return body


def _serializers(view: Any) -> list[Any]:
    """Every serializer class that a viewset names, however it chooses among them."""
    named = [getattr(view, name) for name in dir(view) if "serializer" in name]
    found = [thing for thing in named if isinstance(thing, type) and issubclass(thing, serializers.BaseSerializer)]
    for thing in named:
        if isinstance(thing, dict):
            found += [value for value in thing.values() if isinstance(value, type)]
    return [one() for one in found if issubclass(one, serializers.Serializer)]


def _filled(serializer: Any, refer: Reference) -> dict[str, Any]:
    return {name: _value(name, one, refer) for name, one in serializer.fields.items() if not one.read_only}


def _value(name: str, one: Any, refer: Reference) -> Any:
    if isinstance(one, serializers.ManyRelatedField):
        return [_value(name, one.child_relation, refer)]
    if isinstance(one, serializers.ListSerializer):
        return [_filled(one.child, refer)]
    if isinstance(one, serializers.Serializer):
        return _filled(one, refer)
    if isinstance(one, serializers.SlugRelatedField):
        return refer.code
    if isinstance(one, serializers.PrimaryKeyRelatedField):
        return refer.of(one.get_queryset().model._meta.label)
    if isinstance(one, serializers.ListField):
        return [_value(name, one.child, refer)]
    if isinstance(one, serializers.UUIDField):
        return refer.of(NAMES.get(name, ""))
    if isinstance(one, serializers.ChoiceField):
        return next(iter(one.choices), "")
    if isinstance(one, (serializers.DecimalField, serializers.IntegerField)):
        return "1"
    if isinstance(one, serializers.BooleanField):
        return True
    if isinstance(one, serializers.DateTimeField):
        return "2024-01-02T03:04:05+08:00"
    if isinstance(one, serializers.DateField):
        return "2024-01-02"
    if isinstance(one, (serializers.DictField, serializers.JSONField)):
        return {}
    if isinstance(one, serializers.EmailField):
        return "x@example.com"
    return refer.code


@dataclass
class Answer:
    """A status, and everything readable of the body: what a workbook or an archive packs is unpacked."""

    status: int
    text: str
    location: str = ""
    error: str = ""

    def normal(self, *sent: str) -> str:
        """The body without what differs from request to request and without what the request said."""
        text = CHANGING.sub("", self.text)
        for value in sorted(set(sent), key=len, reverse=True):
            text = text.replace(value, "…")
        return text


class BareClient(Client):
    """Django's test client without what it records of templates and cookies: answers only, and fast."""

    def request(self, **request: Any) -> Any:
        self.exc_info = None
        response = self.handler(self._base_environ(**request))
        response.exc_info = self.exc_info
        return response


@dataclass
class Caller:
    """Somebody at a browser or a program; what a request writes is taken back, whatever it answers."""

    client: BareClient
    calls: int = 0
    called: set[str] = field(default_factory=set)

    def __call__(self, address: Address, path: str, method: str, body: Any = None) -> Answer:
        client = self.client
        point = transaction.savepoint()
        got_request_exception.connect(client.store_exc_info)
        try:
            if body is None:
                response = client.generic(method, path)
            elif address.kind == "api":
                response = client.generic(method, path, json.dumps(body), content_type="application/json")
            else:
                response = client.post(path, body)
            answer = Answer(response.status_code, _readable(response), response.headers.get("Location", ""))
            if response.status_code >= 500 and response.exc_info:
                answer.error = repr(response.exc_info[1])[:300]
            return answer
        finally:
            got_request_exception.disconnect(client.store_exc_info)
            transaction.savepoint_rollback(point)
            self.calls += 1
            self.called.add(address.name)


def _readable(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    return f"{headers}\n\n{content.decode('utf-8', errors='replace')}"


def uuids(text: str) -> set[str]:
    return set(UUID_TEXT.findall(text))
