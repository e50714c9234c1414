"""What every API view asks first: who speaks, and for which organization.

Apart from api.py, because REST framework loads it while its own views are still loading.
"""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed, NotFound
from rest_framework.permissions import SAFE_METHODS, BasePermission

from apps.core.permissions import require
from apps.organizations.enums import TokenScope


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
    """Members only, by the roles that the view's `permissions` name; strangers get 404, tokens their scopes.

    A view declares `permissions = {"list": "catalog.item.view", "create": "catalog.item.change", …}`; a method
    whose action is not named does not exist for anybody.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        inner = request._request
        if inner.member is None:
            if request.user is None or not request.user.is_authenticated:
                return False
            raise NotFound
        reads_only = inner.api_token is not None and TokenScope.READ in inner.api_token.scopes
        if reads_only and request.method not in SAFE_METHODS:
            return False
        wanted = view.action if hasattr(view, "action") else request.method.lower()
        if wanted in ("options", "metadata"):
            return True
        if wanted not in view.permissions:
            raise MethodNotAllowed(request.method)
        require(inner.member, view.permissions[wanted])
        return True
