"""The page and API entrance of the organization scope, and the language of the page.

An address `/o/<code>/…` is served with `/o/<code>` as its script name by ORGANIZATION_URLCONF: every
`reverse()` and every library's links stay inside the organization without knowing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation
from knox.crypto import hash_token

from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.organizations.enums import MemberKind
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import active_member, find_organization, token_member
from apps.organizations.services import enter_support

ADDRESS = re.compile(r"^/o/(?P<code>[a-z0-9-]{1,32})(?P<rest>/.*)$")

Handler = Callable[[Any], HttpResponse]


class LanguageMiddleware:
    """Chinese for whoever does not choose otherwise: the login's choice, then the cookie, never the
    browser's.
    """

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
        if organization is None:
            return self.get_response(request)
        with organization_scope(organization):
            member = self._member(request)
            if member is not None and member.kind != MemberKind.SUPPORT:
                return self._serve(request, organization, member)
        if member is None:
            return self.get_response(request)
        if request.session.get(f"support.{code}") != str(timezone.localdate()):
            with organization_scope(organization), origin("page", client_address(request)):
                enter_support(member, actor=member)
            request.session[f"support.{code}"] = str(timezone.localdate())
        with organization_scope(organization):
            return self._serve(request, organization, member)

    def _serve(self, request: Any, organization: Organization, member: Member) -> HttpResponse:
        """Answer inside the active scope. What a refused request had written is undone with it."""
        member.organization = organization
        request.organization, request.member = organization, member
        request.refused = False
        kind = request.path_info.split("/", 2)[1]
        with (
            origin(kind if kind in ("api", "admin") else "page", client_address(request)),
            timezone.override(organization.zone),
        ):
            response = self.get_response(request)
            if hasattr(response, "render") and callable(response.render):
                response = response.render()
        if response.status_code >= 400 or request.refused:
            transaction.set_rollback(True)
        if response.streaming and not isinstance(response, FileResponse):  # a file needs no scope to be read
            response.streaming_content = _in_scope(response.streaming_content, organization)
        return response

    def _member(self, request: Any) -> Member | None:
        """By API token where the API is served, and only there: a page asks no token for its scopes."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind == settings.REST_KNOX["AUTH_HEADER_PREFIX"] and secret and request.path_info.startswith("/api/"):
            found = token_member(hash_token(secret.strip()))
            if found is None:
                return None
            member, request.api_token = found
            return member
        return active_member(request.user) if request.user.is_authenticated else None


def _in_scope(chunks: Iterator[bytes], organization: Organization) -> Iterator[bytes]:
    """A streamed answer is written after the middlewares are done: it enters the organization again, as
    they had.
    """
    language = translation.get_language()

    def run() -> Iterator[bytes]:
        with (
            organization_scope(organization),
            timezone.override(organization.zone),
            translation.override(language),
        ):
            yield from chunks

    return run()


def client_address(request: HttpRequest) -> str:
    """The peer's address; behind our own proxy the one that the proxy saw."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()[:45]
    return request.META.get("REMOTE_ADDR", "")
