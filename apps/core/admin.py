"""The admin: every model of the active organization, by the same permissions and services as the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from apps.core.edges import paginate
from apps.core.errors import RuleViolation
from apps.core.permissions import may

FOUND_AT_MOST = 20


class OrganizationAdminSite(UnfoldAdminSite):
    """Mounted inside an organization. Visitors are sent to log in, strangers get 404, members see what they
    may.

    Signing in and out and passwords belong to the platform; the admin only links there.
    """

    site_header = site_title = "stockcheck"
    index_title = _("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request: Any) -> bool:
        return request.member is not None

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.member is None:
                if request.user.is_authenticated:
                    raise Http404
                return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={quote(request.get_full_path())}")
            return inner(request, *args, **kwargs)

        return guarded

    def get_urls(self) -> list[Any]:
        return [url for url in super().get_urls() if getattr(url, "name", None) not in ("login", "view_on_site")]

    def get_sidebar_list(self, request: Any) -> list[dict[str, Any]]:
        """The apps and lists that the member may open, as the index has them."""
        return [
            {"title": app["name"], "separator": True, "items": [_entry(request, model) for model in app["models"]]}
            for app in self.get_app_list(request)
        ]

    def logout(self, request: Any, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect("/accounts/logout/")

    def password_change(self, request: Any, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect("/accounts/password/change/")

    def password_change_done(self, request: Any, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:index"))

    def search(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """What the side bar's search finds: lists by their name, and rows.

        Not the theme's own, which keeps answers by login: a login may belong to several organizations.
        """
        wanted = request.GET.get("s", "").replace("\0", "").strip().lower()
        if not wanted:
            return HttpResponse()
        apps = AdminSite.get_app_list(self, request)
        rows = [
            SearchResult(title=str(model["name"]), description=app["name"], link=model["admin_url"], icon="tag")
            for app in apps
            for model in app["models"]
            if wanted in f"{app['name']} {model['name']}".lower()
        ]
        if extended := "extended" in request.GET:
            rows += [row for app in apps for model in app["models"] for row in self._rows(request, model, wanted)]
        page = paginate(request, rows, size=100)
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html" if extended else "unfold/helpers/search_results.html",
            {
                "page_obj": page.paginator,
                "results": page,
                "page_counter": page.start_index() - 1,
                "execution_time": 0,
                "command_show_history": False,
            },
            headers={"HX-Trigger": "search"},
        )

    def _rows(self, request: Any, model: Any, wanted: str) -> list[SearchResult]:
        admin = self._registry[model["model"]]
        if not admin.get_search_fields(request):
            return []
        found, _doubled = admin.get_search_results(request, admin.get_queryset(request), wanted)
        meta = admin.model._meta
        return [
            SearchResult(
                title=str(row),
                description=str(meta.verbose_name),
                link=reverse(f"{self.name}:{meta.app_label}_{meta.model_name}_change", args=(row.pk,)),
                icon="data_object",
            )
            for row in found[:FOUND_AT_MOST]
        ]


def _entry(request: Any, model: dict[str, Any]) -> dict[str, Any]:
    url = model["admin_url"] or ""
    return {
        "title": model["name"],
        "link": url,
        "link_callback": url,
        "active": bool(url) and request.path.startswith(url),
        "has_permission": bool(url),
    }


site = OrganizationAdminSite(name="admin")


class OrganizationAdmin(ModelAdmin):
    """`permissions` maps view, add and change to actions; what is not mapped nobody may, and nothing is
    deleted here.

    Writing goes through `write(request, obj, form, change)`, which calls a service; by default nothing
    is written.
    """

    permissions: dict[str, str] = {}
    actions = None
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False
    compressed_fields = True
    warn_unsaved_form = True

    def get_urls(self) -> list[Any]:
        """Without Django's old addresses of objects, which have no name: they lead on whatever the id."""
        return [url for url in super().get_urls() if url.name]

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
        return False

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        raise NotImplementedError

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        self.write(request, obj, form, change)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """Nothing beside what the service wrote: inlines only show."""

    def changeform_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except RuleViolation as error:
            messages.error(request, str(error))
            for row in error.rows[:20]:
                messages.warning(request, str(row))
            return HttpResponseRedirect(request.get_full_path())

    def _get_obj_does_not_exist_redirect(self, request: Any, opts: Any, object_id: Any) -> HttpResponse:
        raise Http404

    def get_object(self, request: Any, object_id: Any, from_field: Any = None) -> Any:
        """An empty `_to_field` in the address is none; Django's own would look for a field without a name."""
        return super().get_object(request, object_id, from_field or None)

    def construct_change_message(self, request: Any, form: Any, formsets: Any, add: bool = False) -> list[Any]:
        """Nothing to say beside the audit log, and inlines that only show were never saved."""
        return []

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:
        """The audit log is the only log; Django's own knows no organization."""

    def log_change(self, request: Any, obj: Any, message: Any) -> None:
        """See log_addition."""

    def log_deletions(self, request: Any, queryset: Any) -> None:
        """See log_addition."""


class ShownInline:
    """Rows that belong to the object, to look at: who may see the object sees them, nobody edits them here.

    The login's own Django permissions are never asked: a platform operator is a superuser to Django.
    """

    extra = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class OrganizationInline(ShownInline, TabularInline):
    """Rows of the object as a table."""


class OrganizationStackedInline(ShownInline, StackedInline):
    """Rows of the object, one under the other."""
