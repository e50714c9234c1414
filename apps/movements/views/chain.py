"""Pages of the document chain: the list of breaks, the limits, the process portrait."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.core.edges import attempt, page, paginate
from apps.core.permissions import may
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.movements.enums import HARMLESS, DocumentType, FindingKind
from apps.movements.filters import FindingFilter
from apps.movements.forms import LimitsForm
from apps.movements.models import ChainFinding
from apps.movements.selectors import breaks as only_breaks
from apps.movements.selectors import chain_nodes, chain_state, finding_counts, findings, with_documents
from apps.movements.services import set_limit
from apps.movements.services.chain import KIND
from apps.organizations.models import Job
from apps.organizations.services import request_job


@page("movements.chain.view")
def breaks(request: Any) -> HttpResponse:
    """The list of breaks (断点清单): what the chain lacks, by value; as a file with ?export=.

    What is open or came late shows only when asked for: it is no break.
    """
    visible = findings(request.member)
    rows = FindingFilter(request.GET, queryset=visible, request=request)
    wanted = request.GET.get("kind", "")
    listed = rows.qs if wanted in HARMLESS else only_breaks(rows.qs)
    people = may(request.member, "movements.operator.view")
    state = chain_state()
    if kind := sheet_kind(request):
        return _export_breaks(listed, kind, people=people, state=state)
    without_kind = {key: value for key, value in request.GET.items() if key not in ("kind", "page")}
    counts = finding_counts(FindingFilter(without_kind, queryset=visible, request=request).qs)
    shown = paginate(request, listed)
    shown.object_list = with_documents(shown.object_list)
    harmful = [count for name, count in counts.items() if name not in HARMLESS]
    return render(
        request,
        "movements/breaks.html",
        {
            "filter": rows,
            "page": shown,
            "kinds": [{"kind": name, "label": FindingKind(name).label, **counts[name]} for name in FindingKind.values],
            "kind": wanted,
            "total": sum(count["count"] for count in harmful),
            "value": sum(count["value"] for count in harmful),
            "moved": sum(count["moved"] for count in harmful),
            "people": people,
            "state": state,
            "job": _job(),
            "may_refresh": may(request.member, "movements.chain.refresh"),
        },
    )


def _job() -> Job | None:
    """The refresh that waits or runs."""
    job = Job.objects.filter(kind=KIND).first()
    return job if job is not None and not job.is_finished else None


def _export_breaks(rows: QuerySet[ChainFinding], kind: Kind, *, people: bool, state: dict[str, Any]) -> HttpResponse:
    columns = [
        ("kind", _("finding")),
        ("doc_type", _("node")),
        ("line__document__doc_no", _("number")),
        ("line__line_no", _("line")),
        ("other__document__doc_no", _("other document")),
        ("line__item__sku", _("item code")),
        ("line__item__name", _("name")),
        ("due", _("due")),
        ("done", _("posted")),
        ("waiting", _("waiting")),
        ("quantity", _("effect on stock")),
        ("value", _("value")),
        ("happened_at", _("goods moved")),
        ("days", _("age in days")),
        ("line__document__warehouse__code", _("warehouse")),
        ("line__document__department__name", _("department")),
        *([("line__document__operator__name", _("operator"))] if people else []),
        ("line__document__counterparty", _("counterparty")),
        ("guess", _("guess")),
    ]
    labels = {**dict(FindingKind.choices), **dict(DocumentType.choices)}
    as_of = state["as_of"]

    def cells() -> Any:
        for row in rows.values(*(key for key, _label in columns if key != "days")).iterator(chunk_size=2000):
            waited = (as_of - row["happened_at"]).total_seconds() / 86_400 if as_of else None
            yield {
                **row,
                "kind": str(labels[row["kind"]]),
                "doc_type": str(labels[row["doc_type"]]),
                "days": None if waited is None else max(0, int(waited)),
            }

    return sheet_response(_("breaks"), columns, cells(), kind)


@page("movements.chain.refresh", methods=("POST",))
def refresh(request: Any) -> HttpResponse:
    """Derive the chain anew, in the background; a second press joins the first."""
    request_job(KIND, key="chain", actor=request.member)
    messages.success(request, _("The chain is being derived anew. The page shows it when it is done."))
    return redirect("movements:breaks")


@page("movements.chain.view", methods=("GET", "POST"))
def limits(request: Any) -> HttpResponse:
    """How long each step may take, beside how long it usually takes here."""
    nodes = chain_nodes()
    form = LimitsForm(request.POST if request.method == "POST" else None, nodes=nodes)
    allowed = may(request.member, "movements.chain.limit")
    if request.method == "POST":
        changed = attempt(form, lambda hours: _set_limits(hours, nodes, request.member))
        if changed is not None:
            messages.success(request, _("The limits are saved. They hold from the next refresh on, which has begun."))
            request_job(KIND, key="chain", actor=request.member)
            return redirect("movements:limits")
    return render(request, "movements/limits.html", {"form": form, "allowed": allowed, "rows": form.rows()})


def _set_limits(hours: dict[str, int | None], nodes: dict[str, Any], member: Any) -> int:
    changed = 0
    for doc_type, wanted in hours.items():
        node = nodes.get(doc_type)
        now = None if node is None or node.limit is None else int(node.limit.total_seconds() // 3600)
        if wanted != now:
            set_limit(doc_type, hours=wanted, actor=member)
            changed += 1
    return changed
