from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import get_script_prefix
from django.utils.translation import gettext as _

from apps.core.edges import page, paginate
from apps.notifications.selectors import inbox, unread_count
from apps.notifications.services import mark_read


@page("notifications.notification.view")
def notification_list(request: Any) -> HttpResponse:
    lines = inbox(request.member)
    unread_only = request.GET.get("show") == "unread"
    if unread_only:
        lines = lines.filter(read_at__isnull=True)
    return render(
        request,
        "notifications/list.html",
        {
            "page": paginate(request, lines),
            "unread_only": unread_only,
            "unread_lines": unread_count(request.member),
        },
    )


@page("notifications.notification.read", methods=("GET", "POST"))
def notification_open(request: Any, pk: UUID) -> HttpResponse:
    """Go where a line leads; whoever went there has read it. Again it changes nothing."""
    line = get_object_or_404(inbox(request.member), pk=pk)
    mark_read(ids=[line.pk], actor=request.member)
    if not line.url:
        return redirect("notifications:list")
    return HttpResponseRedirect(f"{get_script_prefix()}{line.url.lstrip('/')}")


@page("notifications.notification.read", methods=("POST",))
def notification_read_all(request: Any) -> HttpResponse:
    mark_read(actor=request.member)
    messages.success(request, _("Everything is marked as read."))
    return redirect("notifications:list")
