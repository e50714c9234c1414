"""Outside of any organization: where to go, invitations, the operator's overview, the language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core.edges import attempt
from apps.organizations.forms import AccountForm, OpeningForm
from apps.organizations.selectors import find_invitation, health, memberships
from apps.organizations.services import accept_invitation, choose_language, open_with_owner

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_safe
@login_required
def home(request: Any) -> HttpResponse:
    """The only organization at once, else a choice; a platform operator without one goes to the platform's
    page.
    """
    mine = memberships(request.user)
    if request.user.is_superuser and not mine:
        return redirect("platform:organizations")
    if len(mine) == 1 and not request.user.is_superuser:
        return HttpResponseRedirect(f"/o/{mine[0].organization.code}/")
    return render(request, "platform/home.html", {"memberships": mine})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def organizations(request: Any) -> HttpResponse:
    """Open a company, and see that the others work; for platform operators, nothing at all for anybody else."""
    if not request.user.is_superuser:
        raise Http404
    form = OpeningForm(request.POST or None)
    invitation = None
    if request.method == "POST":
        invitation = attempt(form, lambda data: open_with_owner(**data, operator=request.user))
        if invitation is not None:
            form = OpeningForm()
    response = render(
        request,
        "platform/organizations.html",
        {"form": form, "rows": health(), "invitation": invitation},
        status=422 if form.errors else 200,
    )
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: Any, secret: str) -> HttpResponse:
    """Accept an invitation: with the login that is signed in, or with a new one."""
    found = find_invitation(secret)
    if found is None:
        raise Http404
    if not found.is_open:
        return render(request, "platform/invitation_closed.html", status=410)
    signed_in = request.user.is_authenticated
    form = _NoForm() if signed_in else AccountForm(request.POST or None)
    if request.method == "POST":
        wish = {"user": request.user if signed_in else None}
        member = attempt(
            form,
            lambda data: accept_invitation(
                found, **wish, username=data.get("username", ""), password=data.get("password", "")
            ),
        )
        if member is not None:
            if not signed_in:
                login(request, member.user, backend=BACKEND)
            messages.success(request, _("Welcome to %(name)s.") % {"name": found.organization.name})
            return HttpResponseRedirect(f"/o/{found.organization.code}/")
    return render(
        request,
        "platform/invitation.html",
        {"invitation": found, "form": form, "signed_in": signed_in, "login_url": settings.LOGIN_URL},
        status=422 if form.errors else 200,
    )


class _NoForm:
    """Who is signed in has nothing to fill in; a refusal is still shown where a form's errors are."""

    def __init__(self) -> None:
        self.cleaned_data: dict[str, Any] = {}
        self.errors: list[str] = []

    def is_valid(self) -> bool:
        return True

    def add_error(self, _field: None, errors: list[str]) -> None:
        self.errors += errors

    def non_field_errors(self) -> list[str]:
        return self.errors


@require_POST
def language(request: Any) -> HttpResponse:
    """Choose the language of the pages: kept with the login, and in a cookie for who has none yet."""
    wanted = request.POST.get("language", "")
    back = request.POST.get("next") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if wanted in dict(settings.LANGUAGES) and check_for_language(wanted):
        if request.user.is_authenticated:
            choose_language(request.user, wanted)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response


@require_safe
def enter(request: Any, code: str) -> HttpResponse:
    """An organization's address without its last slash."""
    return HttpResponseRedirect(f"/o/{code}/")
