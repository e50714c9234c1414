"""What every API view asks first, and the API of members and jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.permissions import SAFE_METHODS, BasePermission

from apps.core.permissions import require


class MemberAuthentication(BaseAuthentication):
    """Who the organization's middleware let in: by API token, or by session with CSRF check."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        inner = request._request
        if inner.api_token is not None:
            return inner.member, inner.api_token
        if inner.headers.get("Authorization", "").startswith("Token "):
            raise AuthenticationFailed
        if not inner.user.is_authenticated:
            return None
        SessionAuthentication().enforce_csrf(request)
        return inner.user, None

    def authenticate_header(self, request: Any) -> str:
        return "Token"


class IsMember(BasePermission):
    """Members only, by the roles that the view's `actions` table names; strangers get 404, tokens their
    scopes.

    A view declares `permissions = {"list": "catalog.item.view", "create": "catalog.item.change", …}`; an
    action that is not named is refused.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        inner = request._request
        if inner.member is None:
            if request.user is None or not request.user.is_authenticated:
                return False
            raise NotFound
        if (
            inner.api_token is not None
            and "read" in inner.api_token.scopes
            and request.method not in SAFE_METHODS
        ):
            return False
        action = view.action if hasattr(view, "action") else request.method.lower()
        if action in (
            None,
            "options",
            "metadata",
        ):  # None: the method is not allowed, which the view will say
            return True
        require(inner.member, view.permissions[action])
        return True


class MemberAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "apps.organizations.api.MemberAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Token <your token>, made on the organization's settings page.",
        }
