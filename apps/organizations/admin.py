from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.admin import OrganizationAdmin, site
from apps.organizations.enums import Role
from apps.organizations.models import (
    ApiToken,
    Department,
    Invitation,
    Job,
    Member,
    Organization,
    SupportGrant,
)
from apps.organizations.selectors import visible_jobs
from apps.organizations.services import (
    add_member,
    change_member,
    change_organization,
    invite_member,
    save_department,
)


@admin.register(Organization, site=site)
class CompanyAdmin(OrganizationAdmin):
    """Only the organization that the address names: the table holds all of them."""

    permissions = {"view": "organizations.settings.view", "change": "organizations.settings.change"}
    list_display = ["code", "name", "time_zone", "currency", "language"]
    readonly_fields = ["code", "is_demo", "created_at"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).filter(pk=request.organization.pk)

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        change_organization(obj, **form.cleaned_data, actor=request.member)


class MemberAdminForm(forms.ModelForm):
    roles = forms.MultipleChoiceField(
        label=_("roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


@admin.register(Member, site=site)
class MemberAdmin(OrganizationAdmin):
    permissions = {
        "view": "organizations.member.view",
        "add": "organizations.member.change",
        "change": "organizations.member.change",
    }
    form = MemberAdminForm
    fields = ["username", "name", "email", "department", "roles", "is_active"]
    list_display = ["username", "name", "department", "shown_roles", "is_active"]
    list_filter = ["is_active", "department"]
    list_select_related = ["department"]
    search_fields = ["username", "name", "email"]

    @admin.display(description=_("roles"))
    def shown_roles(self, row: Member) -> str:
        return " · ".join(row.role_names)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["username"] if obj is not None else ["is_active"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if change:
            change_member(obj, **data, actor=request.member)
        else:
            obj.pk = add_member(**data, actor=request.member).pk


@admin.register(Department, site=site)
class DepartmentAdmin(OrganizationAdmin):
    permissions = {
        "view": "organizations.department.view",
        "add": "organizations.settings.change",
        "change": "organizations.settings.change",
    }
    list_display = ["code", "name", "manager"]
    list_select_related = ["manager"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["code"] if obj is not None else []

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.pk = save_department(**{"code": obj.code, **form.cleaned_data}, actor=request.member).pk


@admin.register(Invitation, site=site)
class InvitationAdmin(OrganizationAdmin):
    permissions = {"view": "organizations.member.view", "add": "organizations.member.change"}
    form = MemberAdminForm
    fields = ["email", "name", "roles", "member"]
    list_display = ["email", "name", "invited_by", "expires_at", "accepted_at", "revoked_at"]
    list_select_related = ["invited_by"]
    search_fields = ["email", "name"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.pk = invite_member(**form.cleaned_data, actor=request.member).pk


@admin.register(SupportGrant, site=site)
class SupportGrantAdmin(OrganizationAdmin):
    """To read: it is given and taken back on the settings page."""

    permissions = {"view": "organizations.support.view"}
    list_display = ["operator", "reason", "granted_by", "ends_at", "revoked_at"]
    list_select_related = ["operator", "granted_by"]


@admin.register(ApiToken, site=site)
class ApiTokenAdmin(OrganizationAdmin):
    """To read: the secret is shown on the settings page, once."""

    permissions = {"view": "organizations.token.view"}
    list_display = ["name", "member", "scopes", "created_at"]
    list_select_related = ["member"]


@admin.register(Job, site=site)
class JobAdmin(OrganizationAdmin):
    permissions = {"view": "organizations.job.view"}
    list_display = ["kind", "key", "state", "requested_by", "created_at", "finished_at"]
    list_filter = ["state"]
    search_fields = ["kind", "key"]

    def get_queryset(self, request: Any) -> Any:
        return visible_jobs(request.member).order_by("-created_at")
