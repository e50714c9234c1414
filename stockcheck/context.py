"""What every page shows around its content: the organization, its member, the menu."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.permissions import may
from apps.notifications.selectors import unread_count
from apps.organizations.models import Member
from apps.organizations.selectors import memberships

MENU: list[tuple[Any, list[tuple[str, Any, str, str]]]] = [
    ("", [("reports:work", _("Work list"), "home", "organizations.work.view")]),
    (
        _("Counting"),
        [
            ("counts:list", _("Counts"), "plan", "counts.count.view"),
            ("counts:tasks", _("My tasks"), "scan", "counts.task.view"),
            ("variances:list", _("Variances"), "diff", "variances.variance.view"),
            ("rectification:list", pgettext_lazy("menu", "Adjustments"), "sign", "rectification.adjustment.view"),
        ],
    ),
    (
        _("Analysis"),
        [
            ("movements:portrait", _("Process portrait"), "flow", "movements.chain.view"),
            ("movements:breaks", _("Breaks"), "break", "movements.chain.view"),
            ("reports:reconcile", _("Three-way reconciliation"), "ledger", "movements.finance.view"),
            ("reports:list", _("Reports"), "report", "reports.report.view"),
        ],
    ),
    (
        _("Data"),
        [
            ("catalog:items", _("Items"), "box", "catalog.item.view"),
            ("catalog:warehouses", _("Warehouses and locations"), "place", "catalog.warehouse.view"),
            ("movements:stock", _("Stock"), "stack", "movements.stock.view"),
            ("movements:documents", _("Documents"), "book", "movements.document.view"),
            ("integrations:import", _("Import"), "upload", "integrations.bundle.load"),
            ("reports:self_check", _("Self-check"), "okc", "reports.selfcheck.view"),
            ("organizations:members", _("Members"), "people", "organizations.member.view"),
            ("organizations:audit", _("Audit log"), "shield", "audit.entry.view"),
            ("organizations:settings", _("Settings"), "gear", "organizations.settings.view"),
        ],
    ),
]
"""(group, [(URL name, label, icon, permission)])."""

TABS = ("reports:work", "counts:tasks", "counts:list", "variances:list", "rectification:list", "reports:list")


def _others(request: HttpRequest, member: Member) -> list[dict[str, str]]:
    """The organizations to which the login may switch."""
    return [
        {"name": other.organization.name, "url": f"/o/{other.organization.code}/"}
        for other in memberships(request.user)
        if other.organization_id != member.organization_id
    ]


def organization(request: HttpRequest) -> dict[str, Any]:
    member = getattr(request, "member", None)
    if member is None:
        return {}
    here = request.path
    groups, entries_by_name = [], {}
    for label, entries in MENU:
        shown = []
        for name, text, icon, action in entries:
            if not may(member, action):
                continue
            url = reverse(name)
            entry = {"label": text, "url": url, "icon": icon, "count": None, "active": False}
            entries_by_name[name] = entry
            shown.append(entry)
        if shown:
            groups.append({"label": label, "entries": shown})
    around = [
        entry
        for name, entry in entries_by_name.items()
        if here == entry["url"] or (name != "reports:work" and here.startswith(entry["url"]))
    ]
    if around:
        max(around, key=lambda entry: len(entry["url"]))["active"] = True
    return {
        "organization": request.organization,
        "member": member,
        "menu": groups,
        "tabs": [entries_by_name[name] for name in TABS if name in entries_by_name][:5],
        "organizations": SimpleLazyObject(lambda: _others(request, member)),
        "unread": SimpleLazyObject(lambda: unread_count(member)),
        "home_url": get_script_prefix(),
        "inbox_url": reverse("notifications:list"),
        "find_url": reverse("catalog:items"),
        "find_text": _("Item, barcode"),
    }
