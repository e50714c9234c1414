"""States: a transition table beside the enum, and one function that moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Conflict

Transitions = Mapping[Any, frozenset[Any]]


def move(target: Any, to: str, transitions: Transitions, *, field: str = "state") -> None:
    """Set `target.<field>` to `to` if the table allows it from where it is; the caller saves.

    Raises Conflict("wrong_state") that names both states in the user's language.
    """
    now = getattr(target, field)
    if to not in transitions.get(now, frozenset()):
        choices = dict(target._meta.get_field(field).choices or ())
        raise Conflict(
            "wrong_state",
            _("“%(what)s” is %(now)s and cannot become %(to)s. Reload the page to see where it stands.")
            % {"what": target, "now": choices.get(now, now), "to": choices.get(to, to)},
        )
    setattr(target, field, to)
