"""Thin edges: what every page does the same way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from apps.core.errors import Forbidden, RuleViolation
from apps.core.permissions import require

View = Callable[..., HttpResponse]
Result = TypeVar("Result")


def page(action: str, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """A page of the active organization, for members who may do `action`.

    Anonymous visitors are sent to log in, strangers to the organization get 404, members without the
    role get 403 with the reason. A RuleViolation raised inside becomes a message on the page that the
    form came from, and what the request had written until then is undone. HEAD goes where GET does.
    """
    allowed = (*methods, "HEAD") if "GET" in methods and "HEAD" not in methods else methods

    def decorate(view: View) -> View:
        @wraps(view)
        def run(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.member is None:
                return turn_away(request)
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            try:
                require(request.member, action)
                _check_text(request)
                return view(request, *args, **kwargs)
            except Forbidden as error:
                request.refused = True
                if request.method in ("GET", "HEAD"):
                    return render(request, "403.html", {"reason": error.message}, status=403)
                return refused(request, error)
            except RuleViolation as error:
                return refused(request, error)

        run.action = action  # type: ignore[attr-defined]
        return run

    return decorate


def _check_text(request: HttpRequest) -> None:
    """NUL comes from broken programs, never from a keyboard, and no database text can hold it."""
    sent = [*request.GET.lists(), *request.POST.lists()]
    if any("\0" in value for _name, values in sent for value in values):
        raise RuleViolation(
            "character", _("The text contains a character that cannot be kept (NUL). Remove it and send it again.")
        )


def turn_away(request: Any) -> HttpResponse:
    """Who is no member of the organization: a visitor goes to log in and comes back, a login finds nothing
    here.

    htmx gets the way to the login in its header, for the page that it stands on: a fragment is no place
    to return to.
    """
    if request.user.is_authenticated:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        response = HttpResponse(status=401)
        response["HX-Redirect"] = f"{settings.LOGIN_URL}?next={quote(here.path or '/')}"
        return response
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={quote(request.get_full_path())}")


def refused(request: HttpRequest, error: RuleViolation) -> HttpResponse:
    """Show a refusal: as a fragment to htmx, else as a message where the form came from.

    `request.refused` tells the organization's middleware to undo what the request has written.
    """
    request.refused = True  # type: ignore[attr-defined]
    if request.headers.get("HX-Request") == "true":
        return render(request, "components/refused.html", {"error": error}, status=error.status)
    back = request.headers.get("Referer", "")
    if request.method in ("GET", "HEAD") or not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        return render(request, "components/refused_page.html", {"error": error}, status=error.status)
    messages.error(request, str(error))
    for row in error.rows[:20]:
        messages.warning(request, str(row))
    return HttpResponseRedirect(back)


def attempt(form: Any, wish: Callable[[dict[str, Any]], Result]) -> Result | None:
    """Carry out what a form asks, by its cleaned data. None: it has errors now, a refusal's among them.

    Nothing that was typed is lost, and nothing of a refused wish is kept.
    """
    if not form.is_valid():
        return None
    try:
        with transaction.atomic():
            return wish(form.cleaned_data)
    except Forbidden:
        raise
    except RuleViolation as error:
        form.add_error(None, [str(error), *map(str, error.rows[:20])])
        return None


def paginate(request: HttpRequest, rows: Any, *, size: int = 50) -> Page:
    """One page of `rows`; a page number out of range shows the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
