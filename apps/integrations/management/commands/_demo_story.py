"""The loop of the demo company, played by its own people through the services, each step by whoever may do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.catalog.models import Warehouse
from apps.core.ids import new_id
from apps.counts.models import Count, CountLine, CountTask
from apps.counts.services import (
    EntryDraft,
    close_count,
    create_count,
    record_entries,
    release_count,
    request_recount,
    set_tolerance,
    submit_task,
)
from apps.integrations.management.commands._demo_company import (
    DELIVERY_NO,
    GIFT_NO,
    PASSWORD,
    RECEIPT_NO,
    SCRAP_NO,
    STAR,
)
from apps.movements.models import DocumentLine
from apps.organizations.models import Department, Member
from apps.rectification.models import Adjustment
from apps.rectification.services import approve_adjustment, post_adjustment, propose_adjustment
from apps.reports.models import Report
from apps.reports.services import prepare_report, render_report, sign_report
from apps.variances.models import CauseType, Variance
from apps.variances.services import confirm_cause

Say = Callable[[str], None]

FIRST, SECOND = "PD-A-01", "PD-B-01"
"""The finished count (the story) and one that is under way, for whoever wants to try the pages."""

FOUND = {
    STAR: Decimal(1160),
    "HC-MG420-01": Decimal(-6),
    "HC-MG420-02": Decimal(6),
    "HC-CD200-01": Decimal(-3),
}
"""What the shelf holds: the star absolutely, the others as difference from their book."""


@dataclass(frozen=True)
class Story:
    count: Count
    variance: Variance
    adjustment: Adjustment
    report: Report


def member(username: str) -> Member:
    return Member.objects.select_related("user").get(username=username)


def play(say: Say) -> Story:
    """Play the story once; later calls only find what it left. Runs inside the demo company's scope."""
    if not Count.objects.filter(count_no=FIRST).exists():
        count = _count(say)
        _explain(count, say)
        _adjust(count, say)
        _sign(count, say)
        _begin_another()
    count = Count.objects.get(count_no=FIRST)
    return Story(
        count,
        Variance.objects.select_related("stock_line__item").get(count=count, stock_line__item__sku=STAR),
        Adjustment.objects.get(count=count),
        Report.objects.filter(count=count, signed_at__isnull=False).latest("version"),
    )


def _drafts(lines: list[CountLine], *, task: CountTask) -> list[EntryDraft]:
    drafts: list[EntryDraft] = []
    for line in lines:
        item, stock = line.stock_line.item, line.stock_line
        if item.sku == STAR:
            amounts = [(Decimal(48), "箱"), (Decimal(8), "件")]
        else:
            amounts = [(stock.quantity + FOUND.get(item.sku, Decimal(0)), "")]
        drafts += [
            EntryDraft(
                entry_no=str(new_id()),
                quantity=quantity,
                unit=unit,
                sku=item.sku,
                location=stock.location.code,
                lot=stock.lot,
                task=task,
            )
            for quantity, unit in amounts
        ]
    return drafts


def _task_lines(task: CountTask) -> list[CountLine]:
    return list(CountLine.objects.filter(task=task).select_related("stock_line__item", "stock_line__location"))


def _count(say: Say) -> Count:
    manager, counters = member("zhoumin"), [member("heli"), member("zhaoyu")]
    set_tolerance(percent=Decimal("0.5"), quantity=None, value=Decimal(100), actor=member("chenjing"))
    count = create_count(Warehouse.objects.get(code="WH1"), name=_("Quarter count"), count_no=FIRST, actor=manager)
    count = release_count(count, counters=counters, actor=manager)
    say(_("%(who)s planned and released count %(count)s.") % {"who": manager, "count": count})
    for task in CountTask.objects.filter(count=count).select_related("assignee"):
        record_entries(count, _drafts(_task_lines(task), task=task), actor=task.assignee)
        submit_task(task, actor=task.assignee)
        if task.zone:
            say(_("%(who)s counted zone %(zone)s, blind.") % {"who": task.assignee, "zone": task.zone})
    star = CountLine.objects.select_related("task__assignee").get(count=count, stock_line__item__sku=STAR)
    other = next(counter for counter in counters if counter != star.task.assignee)
    task = request_recount([star], assignee=other, reason=_("Beyond tolerance"), actor=manager)
    record_entries(count, _drafts(_task_lines(task), task=task), actor=other)
    submit_task(task, actor=other)
    say(_("%(who)s recounted it without seeing the first count.") % {"who": other})
    return close_count(count, actor=manager)


def _line(doc_no: str) -> DocumentLine:
    return DocumentLine.objects.select_related("document").get(document__doc_no=doc_no)


def _explain(count: Count, say: Say) -> None:
    controller = member("linxiao")
    marketing, store = Department.objects.get(code="市场部"), Department.objects.get(code="仓储部")

    def confirm(sku: str, code: str, quantity: int, note: str, department: Department, *doc_nos: str) -> None:
        confirm_cause(
            Variance.objects.get(count=count, stock_line__item__sku=sku),
            CauseType.objects.get(code=code),
            Decimal(quantity),
            department=department,
            note=note,
            document_lines=[_line(doc_no) for doc_no in doc_nos],
            actor=controller,
        )

    confirm(STAR, "gift_unrecorded", -20, "签收单核对：实发 20 件", marketing, GIFT_NO)
    confirm(STAR, "scrap_unrecorded", -10, "待处理区清点破损杯 10 件", store, SCRAP_NO)
    confirm(STAR, "keying_error", -10, "送货单原件为 150 件", store, RECEIPT_NO, DELIVERY_NO)
    confirm("HC-MG420-01", "wrong_item", -6, "白色、蓝色混放", store)
    confirm("HC-MG420-02", "wrong_item", 6, "白色、蓝色混放", store)
    say(_("%(who)s confirmed the causes with their documents.") % {"who": controller})


def _adjust(count: Count, say: Say) -> None:
    controller, manager = member("linxiao"), member("zhoumin")
    variances = Variance.objects.filter(count=count, unexplained=0)
    adjustment = propose_adjustment(count, variances=variances, reason=_("Explained and checked"), actor=controller)
    adjustment = approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=manager)
    adjustment = post_adjustment(adjustment, actor=controller)
    say(
        _("%(proposer)s proposed, %(approver)s approved, adjustment %(number)s was posted once.")
        % {"proposer": controller, "approver": manager, "number": adjustment}
    )


def _sign(count: Count, say: Say) -> None:
    finance = member("sunyue")
    report = render_report(prepare_report(count, actor=finance), actor=finance)
    report = sign_report(report, password=PASSWORD, comment="数字与单据相符", actor=finance)
    say(_("%(who)s reviewed and signed the report.") % {"who": finance})


def _begin_another() -> None:
    manager, heli, zhaoyu = member("zhoumin"), member("heli"), member("zhaoyu")
    warehouse = Warehouse.objects.get(code="WH1")
    zone = warehouse.locations.filter(zone="B").order_by("walk_order")[:3]
    count = create_count(warehouse, locations=zone, name=_("Spot check"), count_no=SECOND, actor=manager)
    count = release_count(count, counters=[heli, zhaoyu], actor=manager)
    task = CountTask.objects.filter(count=count, assignee__isnull=False).select_related("assignee").first()
    if task is not None:
        record_entries(count, _drafts(_task_lines(task), task=task)[:2], actor=task.assignee)
