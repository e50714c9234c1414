"""Sign-in rules that belong to no app."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator's invitation, never by a stranger at the door."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def login_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str | None:
    """Name under which failed sign-ins are counted, whichever form or method was used."""
    given = credentials or {}
    posted = request.POST if request is not None else {}
    name = given.get("username") or given.get("email") or posted.get("login") or posted.get("username")
    return name.strip().casefold() if name else None
