"""Every edge asks a permission that exists, and every permission is asked by an edge."""

from __future__ import annotations

from django.conf import settings

from apps.core.admin import OrganizationAdmin, ShownInline, site
from apps.core.permissions import PERMISSIONS
from stockcheck.context import MENU
from tests.architecture.code import quoted, routes, services, viewsets

ACTION = r"[a-z]+\.[a-z_]+\.[a-z_]+"

PUBLIC = {
    "platform:enter",
    "platform:home",
    "platform:invitation",
    "platform:language",
    "platform:organizations",
    "seal:upload",
    "seal:verify",
}
"""Addresses of ours outside of any organization; each decides by itself whom it answers."""

WITHOUT_ACTION = {"integrations:schema", "integrations:docs"}
"""Addresses of libraries inside an organization, for every member."""


def ours(callback) -> bool:
    return getattr(callback, "__module__", "").startswith("apps.")


def test_every_page_asks_a_permission():
    bare = {
        name or route
        for route, pattern, name in routes(settings.ORGANIZATION_URLCONF)
        if not route.startswith("admin/")
        and not hasattr(pattern.callback, "action")
        and getattr(pattern.callback, "cls", None) not in viewsets()
    }
    assert bare - WITHOUT_ACTION - {"api-root"} == set()


def test_pages_outside_are_a_short_list():
    found = {name for _route, pattern, name in routes(settings.ROOT_URLCONF) if ours(pattern.callback)}
    assert found == PUBLIC


def test_every_page_asks_one_that_exists():
    asked = {getattr(p.callback, "action", None) for _route, p, _name in routes(settings.ORGANIZATION_URLCONF)}
    assert asked - {None} - set(PERMISSIONS) == set()
    assert {entry[3] for _label, entries in MENU for entry in entries} - set(PERMISSIONS) == set()


def test_the_api_names_a_permission_for_each_action_and_no_other():
    for viewset, actions in viewsets().items():
        assert (viewset, set(viewset.permissions)) == (viewset, set(actions))
        assert set(viewset.permissions.values()) - set(PERMISSIONS) == set()


def test_the_admin_reads_by_permission_and_writes_by_service():
    for model, admin in site._registry.items():
        assert isinstance(admin, OrganizationAdmin), model
        assert "view" in admin.permissions, model
        assert set(admin.permissions) <= {"view", "add", "change"}, model
        assert set(admin.permissions.values()) - set(PERMISSIONS) == set(), model
        assert all(issubclass(inline, ShownInline) for inline in admin.inlines), model
        if set(admin.permissions) != {"view"}:
            assert type(admin).write is not OrganizationAdmin.write, model
        for closed in ("delete_model", "delete_queryset", "save_formset", "has_delete_permission", "save_model"):
            assert getattr(type(admin), closed) is getattr(OrganizationAdmin, closed), (model, closed)


def test_every_permission_is_used():
    used = {text for path, text in quoted(ACTION) if not path.endswith("/permissions.py")}
    used |= {getattr(p.callback, "action", "") for _route, p, _name in routes(settings.ORGANIZATION_URLCONF)}
    assert set(PERMISSIONS) - used == set()


def test_every_permission_that_is_named_exists():
    """Names in require(), may() and templates: a slip of the pen would refuse, or raise, only when it is asked."""
    codes = {getattr(service, "audit_action", "") for service in services().values()}
    apps = {action.split(".")[0] for action in PERMISSIONS}
    named = {
        (path, text)
        for path, text in quoted(ACTION)
        if text.split(".")[0] in apps and text not in PERMISSIONS and text not in codes
    }
    endings = (".view", ".change", ".manage", ".cancel", ".release", ".approve", ".post", ".sign", ".propose")
    assert {entry for entry in named if entry[1].endswith(endings)} == set()


def test_auditors_and_support_write_nothing():
    """An auditor's actions are looking, and their own inbox."""
    may = {action for action, permission in PERMISSIONS.items() if "auditor" in permission.roles}
    assert {action for action in may if not action.endswith((".view", ".export"))} == {
        "notifications.notification.read"
    }
