"""The organization's own settings: company, departments, support, API tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.core.edges import attempt, page
from apps.core.permissions import may
from apps.organizations.forms import DepartmentForm, OrganizationForm, SupportForm, TokenForm
from apps.organizations.models import ApiToken, Department, SupportGrant
from apps.organizations.selectors import open_grants
from apps.organizations.services import (
    change_organization,
    create_token,
    grant_support,
    revoke_support,
    revoke_token,
    save_department,
)


@page("organizations.settings.view", methods=("GET", "POST"))
def settings(request: Any) -> HttpResponse:
    """What the company is set to; who may change it posts the company's own data here."""
    may_change = may(request.member, "organizations.settings.change")
    form = OrganizationForm(request.POST or None, instance=request.organization)
    if request.method == "POST":
        wish = {"organization": request.organization, "actor": request.member}
        if attempt(form, lambda data: change_organization(**wish, **data)) is not None:
            messages.success(request, _("The settings were saved."))
            return redirect("organizations:settings")
    return render(
        request,
        "organizations/settings.html",
        {
            "form": form if may_change else None,
            "may_change": may_change,
            "may_grant": may(request.member, "organizations.support.grant"),
            "may_manage_tokens": may(request.member, "organizations.token.manage"),
            "departments": Department.objects.select_related("manager"),
            "grants": open_grants(),
            "tokens": ApiToken.objects.select_related("member"),
        },
        status=422 if form.errors else 200,
    )


def _form_page(request: Any, form: Any, *, title: str, submit: str, text: str = "") -> HttpResponse:
    return render(
        request,
        "organizations/settings_form.html",
        {"form": form, "title": title, "submit": submit, "text": text},
        status=422 if form.errors else 200,
    )


@page("organizations.settings.change", methods=("GET", "POST"))
def department_add(request: Any) -> HttpResponse:
    form = DepartmentForm(request.POST or None)
    if request.method == "POST":
        saved = attempt(form, lambda data: save_department(**data, actor=request.member))
        if saved is not None:
            messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
            return redirect("organizations:settings")
    return _form_page(request, form, title=_("Add a department"), submit=_("Save"))


@page("organizations.settings.change", methods=("GET", "POST"))
def department(request: Any, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Department, pk=pk)
    form = DepartmentForm(request.POST or None, initial={"code": row.code, "name": row.name, "manager": row.manager_id})
    form.fields["code"].disabled = True
    if request.method == "POST":
        saved = attempt(form, lambda data: save_department(**data, actor=request.member))
        if saved is not None:
            messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
            return redirect("organizations:settings")
    return _form_page(request, form, title=row.name, submit=_("Save"))


@page("organizations.support.grant", methods=("GET", "POST"))
def support_grant(request: Any) -> HttpResponse:
    form = SupportForm(request.POST or None)
    if request.method == "POST":
        granted = attempt(
            form,
            lambda data: grant_support(
                data["operator"], reason=data["reason"], until=form.until(), actor=request.member
            ),
        )
        if granted is not None:
            messages.success(request, _("The platform's support may look, read-only, until then."))
            return redirect("organizations:settings")
    return _form_page(
        request,
        form,
        title=_("Let the platform's support look"),
        submit=_("Allow"),
        text=_("They read as an auditor does and change nothing. Every day they enter stands in the audit log."),
    )


@page("organizations.support.grant", methods=("POST",))
def support_revoke(request: Any, pk: UUID) -> HttpResponse:
    revoke_support(get_object_or_404(SupportGrant, pk=pk), actor=request.member)
    messages.success(request, _("The platform's support can no longer look."))
    return redirect("organizations:settings")


@page("organizations.token.manage", methods=("GET", "POST"))
def token_add(request: Any) -> HttpResponse:
    """A new token's secret is shown by the answer to the form, once, and stored nowhere."""
    form = TokenForm(request.POST or None)
    if request.method == "POST":
        made = attempt(form, lambda data: create_token(data.pop("member"), **data, actor=request.member))
        if made is not None:
            token, secret = made
            response = render(request, "organizations/token.html", {"token": token, "secret": secret})
            response["Cache-Control"] = "no-store"
            return response
    return _form_page(request, form, title=_("New API token"), submit=_("Create"))


@page("organizations.token.manage", methods=("POST",))
def token_revoke(request: Any, pk: UUID) -> HttpResponse:
    revoke_token(get_object_or_404(ApiToken.objects.select_related("member"), pk=pk), actor=request.member)
    messages.success(request, _("The token no longer works."))
    return redirect("organizations:settings")
