"""Three organizations, everybody who may knock at the first one's doors, and who watches the answers."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings as site
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings

from apps.core.tenancy import organization_scope
from apps.organizations.models import User
from apps.organizations.services import create_token
from tests.architecture.code import tenant_models
from tests.architecture.isolation.bodies import Refer
from tests.architecture.isolation.caller import CHANGING, UUID_TEXT, Answer, Caller
from tests.architecture.isolation.world import World, build
from tests.organizations.builders import make_operator

MARKS = {"alpha": "JIAQUE", "twin": "KANARIE", "third": "SITTICH"}
"""One in every name, note and file: plain letters, found in whatever writes Chinese as codes."""

COSTS = {"alpha": "111.13", "twin": "913.57", "third": "717.39"}

WITHOUT = (
    "django_prometheus",
    "django_structlog",
    "whitenoise",
    "axes",
    "stockcheck.security",
    "django.middleware.security",
)
"""Middlewares that count, log and decorate: nothing of whose organization it is."""


class Universe:
    """Rows are named in three ways: `own`, `foreign` (the twin's, and the third's in turn) and `nothing`."""

    def __init__(self) -> None:
        operator = make_operator("helper")
        self.worlds: dict[str, World] = {
            code: build(code, operator, mark=f"标{mark}", cost=COSTS[code], alone=f"{mark[:3]}-1")
            for code, mark in MARKS.items()
        }
        self.alpha = self.worlds["alpha"]
        self.own, self.twin, self.third = (_refer(world) for world in self.worlds.values())
        self.nothing = Refer({label: uuid4() for label in self.own.ids}, "NIX-1")
        self.nothing.ids["organizations.User"] = 999_999_999
        words = {word for refer in (self.twin, self.third, self.nothing) for word in refer.words}
        self.sent = sorted((word for word in words if len(word) > 2), key=len, reverse=True)
        self.rows = {code: _all_ids(world) for code, world in self.worlds.items()}
        self.operator = operator

    def caller(self, role: str) -> Caller:
        """By a member's role, or as somebody beside: with a token, of the platform, of another organization, nobody."""
        if role == "token":
            return Caller(role, Authorization=f"Token {self._token(self.alpha)}")
        if role == "foreign token":
            return Caller(role, Authorization=f"Token {self._token(self.worlds['twin'])}")
        caller = Caller(role)
        if role != "anonymous":
            caller.client.force_login(self._user(role), backend="django.contrib.auth.backends.ModelBackend")
        return caller

    def _user(self, role: str) -> User:
        if role in ("twin", "third"):
            return self.worlds[role].people["all"].user
        if role == "support":
            return self.operator
        if role == "operator":
            return make_operator(f"operator-{uuid4().hex[:6]}")
        if role == "stranger":
            return User.objects.create_user(f"stranger-{uuid4().hex[:6]}", "stranger@example.com", "x")
        return self.alpha.people[role].user

    def _token(self, world: World) -> str:
        with organization_scope(world.organization):
            _token, secret = create_token(world.people["all"], name=uuid4().hex, actor=world.people["owner"])
        return secret


def _refer(world: World) -> Refer:
    with organization_scope(world.organization):
        ids: dict[str, Any] = {model._meta.label: model.objects.order_by("pk").first().pk for model in tenant_models()}
    ids |= {
        "organizations.Organization": world.organization.pk,
        "organizations.User": world.people["owner"].user_id,
        "mfa.Authenticator": 1,
    }
    return Refer(ids, world.alone)


def _all_ids(world: World) -> set[str]:
    with organization_scope(world.organization):
        rows = {str(pk) for model in tenant_models() for pk in model.objects.values_list("pk", flat=True)}
    return rows | {str(world.organization.pk)}


@contextmanager
def universe(folder: Path) -> Iterator[Universe]:
    """The three organizations in one transaction that is taken back at the end, at the price of one building."""
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder / "media"), "base_url": None},
    }
    middleware = [name for name in site.MIDDLEWARE if not name.startswith(WITHOUT)]
    with (
        override_settings(
            AUDIT_HEADS_DIR=folder / "heads",
            SIGNING_KEYS_DIR=folder / "keys",
            MIDDLEWARE=["tests.architecture.isolation.caller.listening", *middleware],
            SESSION_ENGINE="django.contrib.sessions.backends.cache",
            STORAGES={**site.STORAGES, "default": storage},
            EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        ),
        transaction.atomic(),
    ):
        try:
            yield Universe()
        finally:
            transaction.set_rollback(True)


class Watch:
    """Looks at every answer as somebody of `code` (of none: "") gets it, and keeps what is wrong with it."""

    def __init__(self, universe: Universe, code: str = "alpha") -> None:
        others = [other for other in MARKS if other != code]
        self.canaries = [*(MARKS[other] for other in others), *(COSTS[other] for other in others)]
        self.rows = set().union(*(universe.rows[other] for other in others))
        self.own = universe.rows.get(code, set())
        self.sent: list[str] = []
        self.wrong: list[str] = []
        self.log = io.StringIO()
        self.handler = logging.StreamHandler(self.log)

    def __enter__(self) -> Watch:
        mail.outbox = []
        logging.getLogger().addHandler(self.handler)
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        """What was written down on the way: logs, mail and the cache hold no canary either."""
        logging.getLogger().removeHandler(self.handler)
        if kind is None:
            letters = "\n".join(f"{letter.subject} {letter.body} {letter.to}" for letter in mail.outbox)
            cached = b"".join(map(bytes, cache._cache.values())).decode("utf-8", errors="replace")
            for place, text in (("logs", self.log.getvalue()), ("mail", letters), ("cache", cached)):
                self.wrong += [f"{place}: hold {canary}" for canary in self.canaries if canary in text]
            assert not self.wrong, f"{len(self.wrong)} answers:\n" + "\n".join(self.wrong[:60])

    def look(self, answer: Answer, what: str) -> Answer:
        if answer.status >= 500:
            self.wrong.append(f"{what}: {answer.status} {answer.error}")
        self.wrong += [f"{what}: shows {canary} ({answer.status})" for canary in self.canaries if canary in answer.text]
        if leaked := answer.uuids & self.rows - set(self.sent):
            self.wrong.append(f"{what}: shows foreign ids {sorted(leaked)[:3]}")
        return answer

    def same(self, foreign: Answer, absent: Answer, what: str) -> None:
        """Foreign is absent: the same status, the same words, the same way on."""
        if foreign.status != absent.status:
            self.wrong.append(f"{what}: foreign {foreign.status}, absent {absent.status}")
        elif self._told(foreign.body) != self._told(absent.body):
            self.wrong.append(f"{what}: foreign and absent are told in other words ({foreign.status})")
        elif self._told(foreign.location) != self._told(absent.location):
            self.wrong.append(f"{what}: foreign leads to {foreign.location}, absent to {absent.location}")

    def _told(self, text: str) -> str:
        """Without what the request said, what differs from request to request, and ids of rows that it made."""
        text = CHANGING.sub("", text)
        for value in self.sent:
            text = text.replace(value, "…")
        return UUID_TEXT.sub(lambda found: found[0] if found[0] in self.own else "…", text)
