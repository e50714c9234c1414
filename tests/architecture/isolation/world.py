"""One whole loop of a company, made by the services: every tenant table holds at least one row of it.

Two companies built by it hold the same codes and numbers. What tells them apart is the mark, which stands in every
name, note and file of the marked one: where it turns up among the other's pages, something leaked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.core.files.base import ContentFile
from django.utils import timezone

from apps.catalog.models import Item, Location, Warehouse
from apps.catalog.services import save_category, save_item, save_location, save_lot, save_unit, save_warehouse
from apps.core.tenancy import organization_scope
from apps.counts.models import Count, CountLine
from apps.counts.services import (
    EntryDraft,
    close_count,
    create_count,
    record_entries,
    release_count,
    request_recount,
    set_tolerance,
)
from apps.integrations.services import map_columns, save_pull, upload_files, visit_pull
from apps.movements.models import FinanceBalance
from apps.movements.services import (
    LineDraft,
    OpeningDraft,
    create_document,
    open_stock,
    post_document,
    refresh_chain,
    set_limit,
)
from apps.notifications.services import notify
from apps.organizations.models import Member, Organization, User
from apps.organizations.selectors import system_member
from apps.organizations.services import (
    add_member,
    create_token,
    grant_support,
    invite_member,
    open_organization,
    request_job,
    save_department,
)
from apps.rectification.services import approve_adjustment, post_adjustment, propose_adjustment
from apps.reports.services import comment_report, prepare_report, save_schedule
from apps.variances.models import CauseType, LearnedPriors, Variance
from apps.variances.services import add_evidence, assign_variance, confirm_cause, explain_variances, save_cause_type
from tests.conftest import PASSWORD

ROLES = ("owner", "manager", "counter", "controller", "finance", "assignee", "auditor")


@dataclass
class World:
    """A company and who works there: by role, and `all` who may everything that a person may.

    `mark` stands in all its texts, `cost` is a number that only it has, `alone` a code that only it uses.
    """

    organization: Organization
    mark: str
    cost: Decimal
    alone: str
    people: dict[str, Member] = field(default_factory=dict)


def build(code: str, operator: User, *, mark: str, cost: str, alone: str) -> World:
    """The company `code`, from its opening to a posted adjustment and a report, with a second count under way."""
    world = World(open_organization(code, name=f"{mark}公司"), mark, Decimal(cost), alone)
    with organization_scope(world.organization):
        _Builder(world).build(operator)
    return world


class _Builder:
    def __init__(self, world: World) -> None:
        self.world = world
        self.mark = world.mark
        self.system = system_member()

    def build(self, operator: User) -> None:
        self.staff()
        self.access(operator)
        self.catalog()
        self.stock()
        self.closed_count()
        self.open_count()
        self.reports()
        self.codes_of_its_own()
        self.imports()
        notify(
            self.world.people.values(),
            key="world",
            text=f"{self.mark}通知",
            path="counts/",
            actor=self.system,
        )

    def person(self, username: str, *roles: str) -> Member:
        user = User.objects.create_user(
            f"{username}.{self.world.organization.code}",
            f"{username}@{self.world.organization.code}.example.com",
            PASSWORD,
            first_name=f"{self.mark}{username}",
        )
        return add_member(
            username,
            name=f"{self.mark}{username}",
            email=user.email,
            roles=list(roles),
            user=user,
            actor=self.system,
        )

    def staff(self) -> None:
        people = self.world.people
        for role in ROLES:
            people[role] = self.person(role, role)
        people["all"] = self.person("all", *(role for role in ROLES if role != "auditor"))
        self.department = save_department("D1", name=f"{self.mark}仓储部", manager=people["manager"], actor=self.system)

    def access(self, operator: User) -> None:
        owner = self.world.people["owner"]
        invite_member("new@example.com", name=f"{self.mark}新人", roles=["counter"], actor=owner)
        grant_support(operator, reason=f"{self.mark}排查", until=timezone.now() + timedelta(days=1), actor=owner)
        create_token(owner, name=f"{self.mark}接口", actor=owner)
        request_job("tests.world", key="1", title=f"{self.mark}任务", actor=owner)

    def catalog(self) -> None:
        actor, mark = self.system, self.mark
        category = save_category(f"{mark}类/杯", actor=actor)
        self.warehouse: Warehouse = save_warehouse(
            "W1",
            name=f"{mark}一号仓",
            department=self.department,
            storekeeper=self.world.people["manager"],
            actor=actor,
        )
        self.places: list[Location] = [
            save_location(self.warehouse, place, name=f"{mark}位", zone=place[0], actor=actor)
            for place in ("A-1", "B-1")
        ]
        self.items: list[Item] = [
            save_item(
                sku,
                name=f"{mark}品{sku}",
                base_unit="件",
                spec=f"{mark}规格",
                category=category,
                standard_cost=self.world.cost,
                tracking=tracking,
                actor=actor,
            )
            for sku, tracking in (("SKU-1", "none"), ("SKU-2", "none"), ("SKU-3", "lot"))
        ]
        save_unit(self.items[0], name="箱", factor=Decimal(12), barcode="6900000000012", actor=actor)
        save_lot(self.items[2], "L1", actor=actor)
        FinanceBalance.objects.create(
            item=self.items[0], warehouse=self.warehouse, quantity=Decimal(1200), amount=self.world.cost
        )

    def codes_of_its_own(self) -> None:
        """Rows by whose code the other company would recognise this one's, if it could name them."""
        alone, name = self.world.alone, f"{self.mark}独有"
        save_department(alone, name=name, actor=self.system)
        save_warehouse(alone, name=name, actor=self.system)
        save_location(self.warehouse, alone, name=name, actor=self.system)
        save_item(alone, name=name, base_unit="件", actor=self.system)
        save_category(f"{self.mark}{alone}", actor=self.system)
        add_member(alone, name=name, roles=["counter"], actor=self.system)
        parent = CauseType.objects.get(code="gift_unrecorded")
        save_cause_type(alone.lower(), name=name, parent=parent, actor=self.system)

    def document(self, kind: str, quantity: int, *, post: bool = True, source: str = "", **values: object) -> object:
        line = LineDraft(
            item=self.items[0],
            quantity=Decimal(quantity),
            location=self.places[0],
            source_doc_no=source,
            note=f"{self.mark}行备注",
        )
        document = create_document(
            kind,
            warehouse=self.warehouse,
            lines=[line],
            counterparty=f"{self.mark}客户",
            reason=f"{self.mark}事由",
            operator=self.world.people["manager"],
            department=self.department,
            actor=self.world.people["all"],
            **values,
        )
        return post_document(document, actor=self.system) if post else document

    def stock(self) -> None:
        open_stock(
            [
                OpeningDraft(item=self.items[0], location=self.places[0], quantity=Decimal(1200)),
                OpeningDraft(item=self.items[1], location=self.places[1], quantity=Decimal(100)),
            ],
            as_of=timezone.now() - timedelta(days=3),
            actor=self.system,
        )
        self.document("delivery_note", 6, doc_no="SH-1")
        self.receipt = self.document("receipt", 5, doc_no="RK-1", source="SH-1")
        self.document("gift_issue", 20, post=False, doc_no="ZP-1")
        set_limit("waybill", hours=48, actor=self.world.people["manager"])
        refresh_chain(actor=self.system)

    def count(self, place: int, number: str) -> Count:
        count = create_count(
            self.warehouse,
            locations=[self.places[place]],
            name=f"{self.mark}盘点",
            count_no=number,
            note=f"{self.mark}说明",
            actor=self.world.people["manager"],
        )
        return release_count(count, counters=[self.world.people["counter"]], actor=self.world.people["manager"])

    def enter(self, count: Count, place: int, quantity: int, entry_no: str) -> None:
        draft = EntryDraft(
            entry_no,
            quantity,
            sku=self.items[place].sku,
            location=self.places[place].code,
            note=f"{self.mark}实盘",
        )
        record_entries(count, [draft], actor=self.world.people["counter"])

    def closed_count(self) -> None:
        people = self.world.people
        set_tolerance(percent=Decimal(1), actor=people["finance"])
        started = timezone.now()
        count = self.count(0, "PD-1")
        self.enter(count, 0, 1165, "E-1")
        self.closed = close_count(count, actor=people["manager"])
        variance = Variance.objects.get(count=self.closed)
        own = save_cause_type(
            "own_gift",
            name=f"{self.mark}赠品",
            parent=CauseType.objects.get(code="gift_unrecorded"),
            actor=people["owner"],
        )
        cause = confirm_cause(
            variance,
            own,
            -20,
            department=self.department,
            person=people["manager"],
            note=f"{self.mark}原因",
            document_lines=self.receipt.lines.all(),
            actor=people["controller"],
        )
        add_evidence(
            variance,
            kind="file",
            cause=cause,
            file=ContentFile(f"{self.mark}证据".encode(), name="evidence.txt"),
            note=f"{self.mark}附件",
            actor=people["controller"],
        )
        explain_variances(self.closed, actor=people["controller"])
        LearnedPriors.objects.create(version="world", content={"version": "world"})
        assign_variance(variance, people["controller"], actor=people["manager"])
        adjustment = propose_adjustment(self.closed, reason=f"{self.mark}调整", actor=people["controller"])
        approve_adjustment(
            adjustment,
            content_hash=adjustment.content_hash,
            reason=f"{self.mark}同意",
            actor=people["finance"],
        )
        post_adjustment(adjustment, actor=people["controller"])
        self.document("scrap", 1, doc_no="CK-1", occurred_at=started - timedelta(hours=1))

    def open_count(self) -> None:
        count = self.count(1, "PD-2")
        self.enter(count, 1, 91, "E-2")
        line = CountLine.objects.get(count=count)
        request_recount(
            [line], assignee=self.world.people["all"], reason=f"{self.mark}复盘", actor=self.world.people["manager"]
        )

    def imports(self) -> None:
        """An upload whose columns somebody corrected."""
        owner = self.world.people["owner"]
        table = f"{self.mark}甲,{self.mark}乙,{self.mark}丙\nP1,{self.mark}壶,件\n".encode()
        upload = upload_files([ContentFile(table, name=f"{self.mark}.csv")], actor=owner)
        columns = dict(zip(upload.tables[0]["reading"]["headings"], ("sku", "name", "base_unit"), strict=True))
        map_columns(upload, f"{self.mark}.csv", layout="items", columns=columns, actor=owner)
        pull = save_pull(None, name=f"{self.mark}日报", kind="folder", address="in", actor=owner)
        visit_pull(pull, period="2024-01-01", actor=self.system)

    def reports(self) -> None:
        people = self.world.people
        report = prepare_report(self.closed, actor=people["manager"])
        comment_report(report, text=f"{self.mark}意见", actor=people["finance"])
        save_schedule(day=1, hour=8, recipients=[people["finance"]], actor=people["finance"])
