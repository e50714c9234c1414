"""Addresses, read from the URLconf, and what stands in them for an id.

What stands in the place of an id is found by the word before it; an unknown word fails the test until it is added to
`PLACES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import URLPattern

from tests.architecture.code import routes

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
    "explanations": "variances.ProposedExplanation",
    "imports": "organizations.Job",
    "invitations": "organizations.Invitation",
    "items": "catalog.Item",
    "jobs": "organizations.Job",
    "keys": "mfa.Authenticator",
    "lines": "counts.CountLine",
    "locations": "catalog.Location",
    "members": "organizations.Member",
    "notifications": "notifications.Notification",
    "pulls": "integrations.Pull",
    "reports": "reports.Report",
    "support": "organizations.SupportGrant",
    "tasks": "counts.CountTask",
    "tokens": "organizations.ApiToken",
    "uploads": "integrations.Upload",
    "variances": "variances.Variance",
    "warehouses": "catalog.Warehouse",
}
"""What the id behind a word of an address belongs to; the API and the admin say it themselves."""

OTHER_VALUES = {
    "app_label": "organizations",
    "code": "alpha",
    "digest": "0" * 64,
    "index": "0",
    "key": "1-x",
    "name": "items",
    "rank": "1",
    "secret": "nosuchsecret",
    "step": "post",
    "uidb36": "1",
    "url": "nothing/here",
}
"""Parts of addresses that are no ids."""


@dataclass(frozen=True)
class Address:
    """One route: `parts` are its literal texts and, as (parameter, model label or ""), what has to be filled in."""

    name: str
    route: str
    kind: str
    parts: tuple[Any, ...]
    view: Any

    @property
    def places(self) -> list[str]:
        """The labels of the rows that it names, in order."""
        return [part[1] for part in self.parts if isinstance(part, tuple) and part[1]]

    def path(self, prefix: str, *rows: Callable[[str], Any]) -> str:
        """Filled in: the ids come from `rows`, one a place, the last for all that follow."""
        text, place = prefix, 0
        for part in self.parts:
            if not isinstance(part, tuple):
                text += part
            elif part[1]:
                text += str(rows[min(place, len(rows) - 1)](part[1]))
                place += 1
            else:
                text += OTHER_VALUES[part[0]]
        return text


def addresses(urlconf: str) -> list[Address]:
    return [_address(*route) for route in routes(urlconf)]


def _address(route: str, pattern: URLPattern, name: str) -> Address:
    kind = "admin" if route.startswith("admin/") else "api" if route.startswith("api/") else "page"
    parts: list[Any] = []
    for literal, parameter in _pieces(route):
        parts.append(literal)
        if parameter:
            before = "".join(part for part in parts if isinstance(part, str))
            parts.append((parameter, _place(parameter, before, kind, getattr(pattern.callback, "cls", None))))
    return Address(name or route, route, kind, tuple(parts), pattern.callback)


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


def _place(parameter: str, before: str, kind: str, viewset: Any) -> str:
    """The label of the model whose id stands there, "" for what is no id."""
    if parameter in OTHER_VALUES:
        return ""
    words = before.strip("/").split("/")
    if kind == "admin":
        return apps.get_model(words[1], words[2])._meta.label
    if kind == "api" and getattr(viewset, "model", None) is not None and parameter == "pk":
        return viewset.model._meta.label
    if words[-1] not in PLACES:
        raise LookupError(
            f"The matrix does not know what stands for <{parameter}> behind “{before}”. Name the model in PLACES of "
            f'{__name__} as "{words[-1]}": "app.Model", or, if it is no id, give it a value in OTHER_VALUES.'
        )
    return PLACES[words[-1]]
