"""The audit log to read, check and take along."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from apps.audit.filters import EntryFilter
from apps.audit.heads import public_key, read_heads
from apps.audit.models import AuditEntry
from apps.audit.selectors import told, verify_chain
from apps.core.edges import page, paginate
from apps.core.sheets import Kind, sheet_kind, sheet_response


@page("audit.entry.view", methods=("GET", "POST"))
def entries(request: Any) -> HttpResponse:
    """The entries, newest first; a POST checks the whole chain and shows what it found."""
    rows = EntryFilter(request.GET, queryset=AuditEntry.objects.select_related("actor"), request=request)
    if kind := sheet_kind(request):
        return _export(rows.qs, kind)
    shown = paginate(request, rows.qs)
    checked = request.method == "POST"
    return render(
        request,
        "audit/entries.html",
        {
            "filter": rows,
            "page": shown,
            "entries": told(shown.object_list),
            "checked": checked,
            "problems": verify_chain() if checked else [],
        },
    )


def _export(rows: Any, kind: Kind) -> HttpResponse:
    columns = [
        ("sequence", _("sequence")),
        ("occurred_at", _("when")),
        ("actor_name", _("who")),
        ("action", _("action")),
        ("target_type", _("object type")),
        ("target_name", _("object")),
        ("target_id", _("object id")),
        ("changes", _("before and after")),
        ("facts", _("facts")),
        ("channel", _("channel")),
        ("address", _("address")),
        ("correlation", _("correlation")),
        ("previous_hash", _("hash before")),
        ("hash", _("hash")),
    ]
    keys = [key for key, _label in columns]
    return sheet_response(
        _("audit log"),
        columns,
        (
            {
                key: json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
                for key, value in row.items()
            }
            for row in rows.order_by("sequence").values(*keys).iterator(chunk_size=2000)
        ),
        kind,
    )


@page("audit.entry.view")
def heads(request: Any) -> HttpResponse:
    """The signed ends of the chain, one JSON object a line, after the key that checks their signatures."""
    lines = [{"public_key": public_key()}]
    lines += [{k: v for k, v in head.items() if k != "valid"} for head in read_heads(request.organization.pk)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    response = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.organization.code}-heads.jsonl"'
    return response
