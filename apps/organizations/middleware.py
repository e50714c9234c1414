"""The page and API entrance of the organization scope, and the language of the page.

An address `/o/<code>/…` is served with `/o/<code>` as its script name by ORGANIZATION_URLCONF: every `reverse()` and
every library's links stay inside the organization without knowing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation
from knox.crypto import hash_token

from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import find_member, find_organization, find_token_member

ADDRESS = re.compile(r"^/o/(?P<code>[a-z0-9-]{1,32})(?P<rest>/.*)$")

Handler = Callable[[Any], HttpResponse]


class LanguageMiddleware:
    """Chinese for whoever does not choose otherwise: the login's choice, then the cookie, never the browser's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        wanted = getattr(request.user, "language", "") or request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class OrganizationMiddleware:
    """Enter the organization that the address names: as the login's member, or as the API token's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.organization = request.member = request.api_token = None
        match = ADDRESS.match(request.path_info)
        if match is None:
            with origin("page", client_address(request)):
                return self.get_response(request)
        before = get_script_prefix()
        prefix = f"{before.rstrip('/')}/o/{match['code']}"
        request.path_info = match["rest"]
        request.urlconf = settings.ORGANIZATION_URLCONF
        set_script_prefix(f"{prefix}/")
        try:
            return self._inside(request, match["code"])
        finally:
            set_script_prefix(before)

    def _inside(self, request: Any, code: str) -> HttpResponse:
        organization = find_organization(code)
        member = self._member(request, organization) if organization else None
        if organization is None or member is None:
            return self.get_response(request)
        request.organization, request.member = organization, member
        channel = "api" if request.path_info.startswith("/api/") else (
            "admin" if request.path_info.startswith("/admin/") else "page"
        )
        with (
            organization_scope(organization),
            origin(channel, client_address(request)),
            timezone.override(organization.zone),
        ):
            response = self.get_response(request)
            if hasattr(response, "render") and callable(response.render):
                response = response.render()
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response

    def _member(self, request: Any, organization: Organization) -> Member | None:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind == settings.REST_KNOX["AUTH_HEADER_PREFIX"] and secret:
            found = find_token_member(organization, hash_token(secret.strip()))
            if found is None:
                return None
            member, request.api_token = found
            return member
        return find_member(organization, request.user) if request.user.is_authenticated else None


def client_address(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR", "")
