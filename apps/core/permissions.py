"""One table of role × action an app, default deny.

Each app's `permissions.py` calls `declare` with its actions and the roles that may do them; a predicate
adds what depends on the object (duties kept apart, state). Pages, the admin, the API and bulk actions
ask the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from apps.core.errors import Forbidden


class Actor(Protocol):
    """A member of the active organization: who does something."""

    @property
    def pk(self) -> Any: ...

    @property
    def is_system(self) -> bool: ...

    @property
    def role_set(self) -> frozenset[str]: ...


Predicate = Callable[[Any, Any], str | None]
"""(actor, target) → None if allowed, else the reason in the user's language."""


@dataclass(frozen=True)
class Permission:
    action: str
    roles: frozenset[str]
    predicate: Predicate | None = None
    system: bool = True


PERMISSIONS: dict[str, Permission] = {}


def declare(
    table: Mapping[str, str | tuple[str, ...]],
    *,
    duties: Mapping[str, Predicate] | None = None,
    person_only: tuple[str, ...] = (),
) -> None:
    """Register an app's actions: {"counts.count.release": "manager", …}.

    `duties` maps an action to its predicate. `person_only` actions (approve, sign, verify) are closed to the
    system's own member: a job never signs.
    """
    duties = duties or {}
    for action, roles in table.items():
        if action in PERMISSIONS:
            raise ValueError(f"permission {action} is declared twice")
        PERMISSIONS[action] = Permission(
            action,
            frozenset(roles.split() if isinstance(roles, str) else roles),
            duties.get(action),
            action not in person_only,
        )


def refusal(actor: Actor | None, action: str, target: Any = None) -> str | None:
    """Why `actor` may not do `action` (to `target`), in the user's language; None if they may.

    An unknown action is a programmer's mistake and raises KeyError. Without a target only the roles are
    asked.
    """
    permission = PERMISSIONS[action]
    if actor is None:
        return _("Please log in.")
    if actor.is_system:
        return None if permission.system else _("Only a person may do this.")
    if not permission.roles & actor.role_set:
        return _("Your roles in this organization do not include this. Ask the organization's owner.")
    if target is not None and permission.predicate is not None:
        return permission.predicate(actor, target)
    return None


def may(actor: Actor | None, action: str, target: Any = None) -> bool:
    return refusal(actor, action, target) is None


def require(actor: Actor | None, action: str, target: Any = None) -> None:
    """Raise Forbidden unless `actor` may do `action`."""
    reason = refusal(actor, action, target)
    if reason is not None:
        raise Forbidden("forbidden", reason)
