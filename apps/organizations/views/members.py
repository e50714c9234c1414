"""Members: who works here, and invitations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.core.edges import attempt, page, paginate
from apps.core.permissions import may
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.organizations.filters import MemberFilter
from apps.organizations.forms import InvitationForm, MemberForm
from apps.organizations.models import Invitation, Member
from apps.organizations.selectors import open_invitations, people
from apps.organizations.services import add_member, change_member, invite_member, revoke_invitation

SORTS = {"username": "username", "name": "name", "department": "department__name", "email": "email"}


@page("organizations.member.view")
def members(request: Any) -> HttpResponse:
    rows = MemberFilter(request.GET, queryset=people().select_related("user"), request=request)
    sort = request.GET.get("sort", "username")
    found = rows.qs
    if sort.lstrip("-") in SORTS:
        found = found.order_by(f"{'-' * sort.startswith('-')}{SORTS[sort.lstrip('-')]}", "username")
    if kind := sheet_kind(request):
        return _export(found, kind)
    return render(
        request,
        "organizations/members.html",
        {
            "filter": rows,
            "page": paginate(request, found),
            "sort": sort,
            "invitations": open_invitations(),
            "may_change": may(request.member, "organizations.member.change"),
        },
    )


def _export(found: Any, kind: Kind) -> HttpResponse:
    columns = [
        ("username", _("staff code")),
        ("name", pgettext("person", "name")),
        ("email", _("e-mail")),
        ("department", _("department")),
        ("roles", _("roles")),
        ("active", _("active")),
    ]
    rows = (
        {
            "username": row.username,
            "name": row.name,
            "email": row.email,
            "department": row.department.name if row.department else "",
            "roles": " ".join(row.role_names),
            "active": _("yes") if row.is_active else _("no"),
        }
        for row in found.iterator(chunk_size=500)
    )
    return sheet_response(_("members"), columns, rows, kind)


@page("organizations.member.change", methods=("GET", "POST"))
def member_add(request: Any) -> HttpResponse:
    form = MemberForm(request.POST or None)
    if request.method == "POST":
        added = attempt(form, lambda data: add_member(**data, actor=request.member))
        if added is not None:
            messages.success(request, _("%(name)s was added.") % {"name": added.name})
            return redirect("organizations:members")
    return _form_page(request, form, title=_("Add a member"))


@page("organizations.member.change", methods=("GET", "POST"))
def member(request: Any, pk: UUID) -> HttpResponse:
    row = get_object_or_404(people().select_related("user"), pk=pk)
    form = MemberForm(request.POST or None, member=row)
    if request.method == "POST":
        changed = attempt(form, lambda data: change_member(row, **data, actor=request.member))
        if changed is not None:
            messages.success(request, _("%(name)s was saved.") % {"name": changed.name})
            return redirect("organizations:members")
    return _form_page(request, form, title=row.name, row=row)


@page("organizations.member.change", methods=("GET", "POST"))
def invite(request: Any, pk: UUID | None = None) -> HttpResponse:
    """Invite somebody new, or give the member `pk` a login."""
    row = get_object_or_404(people(), pk=pk) if pk else None
    start = {"email": row.email, "name": row.name, "roles": row.roles} if row else None
    form = InvitationForm(request.POST or None, initial=start)
    if request.method == "POST":
        sent = attempt(form, lambda data: invite_member(**data, member=row, actor=request.member))
        if sent is not None:
            response = render(request, "organizations/invited.html", {"invitation": sent})
            response["Cache-Control"] = "no-store"
            return response
    return _form_page(request, form, title=_("Invite by mail"), submit=_("Send the invitation"))


def _form_page(request: Any, form: Any, *, title: str, submit: str = "", row: Member | None = None) -> HttpResponse:
    return render(
        request,
        "organizations/member_form.html",
        {"form": form, "title": title, "submit": submit or _("Save"), "row": row},
        status=422 if form.errors else 200,
    )


@page("organizations.member.change", methods=("POST",))
def invitation_revoke(request: Any, pk: UUID) -> HttpResponse:
    revoke_invitation(get_object_or_404(Invitation, pk=pk), actor=request.member)
    messages.success(request, _("The invitation no longer works."))
    return redirect("organizations:members")
