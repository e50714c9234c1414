"""The admin: every model of the active organization, by the same permissions and services as the pages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from apps.core.errors import RuleViolation
from apps.core.permissions import may


class OrganizationAdminSite(UnfoldAdminSite):
    """Mounted inside an organization. Strangers get 404, members see what their roles may."""

    site_header = site_title = "stockcheck"
    index_title = _("Administration")

    def has_permission(self, request: Any) -> bool:
        return request.member is not None

    def login(self, request: Any, extra_context: Any = None) -> HttpResponse:
        raise Http404


site = OrganizationAdminSite(name="admin")


class OrganizationAdmin(ModelAdmin):
    """`permissions` maps view, add, change and delete to actions; what is not mapped nobody may.

    Writing goes through `write(request, obj, form, change)`, which calls a service; by default nothing is written.
    """

    permissions: dict[str, str] = {}
    actions = None
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True

    def _may(self, request: Any, what: str, obj: Any = None) -> bool:
        action = self.permissions.get(what)
        return action is not None and may(request.member, action, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete", obj)

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        raise NotImplementedError

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        self.write(request, obj, form, change)

    def changeform_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except RuleViolation as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:
        """The audit log is the only log; Django's own knows no organization."""

    def log_change(self, request: Any, obj: Any, message: Any) -> None:
        """See log_addition."""

    def log_deletions(self, request: Any, queryset: Any) -> None:
        """See log_addition."""
