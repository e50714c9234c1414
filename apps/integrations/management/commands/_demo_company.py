"""The demo companies as import bundles: made by rule, the same every day but for the dates.

`write_bundle` writes the files of formats for one company into a folder. In the first company one item tells the
textbook case: book 1,200, and on the shelf 1,160, because 20 gifts were never deducted, 10 broken ones never scrapped
and 160 keyed where 150 had come.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

STAR = "HC-GL350-02"
GIFT_NO, SCRAP_NO, RECEIPT_NO, DELIVERY_NO = "ZP-07", "BF-02", "RK-04", "SH-8841"

Row = dict[str, object]


@dataclass(frozen=True)
class DemoPerson:
    username: str
    name: str
    department: str
    roles: str


@dataclass(frozen=True)
class DemoCompany:
    code: str
    name: str
    prefix: str
    people: tuple[DemoPerson, ...]
    items: tuple[tuple[str, str, str, str, str, str], ...]
    """(sku, name, specification, category, base unit, standard cost)"""
    has_story: bool = False
    departments: tuple[str, ...] = field(default=("仓储部", "采购部", "销售部", "市场部", "财务部"))


HECHUAN = DemoCompany(
    code="hechuan",
    name="禾川家居",
    prefix="HC",
    has_story=True,
    people=(
        DemoPerson("chenjing", "陈静", "财务部", "owner"),
        DemoPerson("zhoumin", "周敏", "仓储部", "manager"),
        DemoPerson("heli", "何丽", "仓储部", "counter"),
        DemoPerson("zhaoyu", "赵宇", "仓储部", "counter"),
        DemoPerson("linxiao", "林晓", "仓储部", "controller"),
        DemoPerson("sunyue", "孙悦", "财务部", "finance"),
        DemoPerson("xuhai", "徐海", "财务部", "auditor"),
        DemoPerson("wuqiang", "吴强", "仓储部", "assignee"),
        DemoPerson("tangli", "唐莉", "市场部", "assignee"),
    ),
    items=(
        (STAR, "双层玻璃杯 350ml", "高硼硅 双层", "餐厨/杯具", "件", "26.80"),
        ("HC-GL250-01", "双层玻璃杯 250ml", "高硼硅 双层", "餐厨/杯具", "件", "21.50"),
        ("HC-MG420-01", "陶瓷马克杯 420ml", "釉下彩", "餐厨/杯具", "件", "12.30"),
        ("HC-MG420-02", "陶瓷马克杯 420ml 蓝", "釉下彩", "餐厨/杯具", "件", "12.30"),
        ("HC-PT600-01", "玻璃茶壶 600ml", "耐热", "餐厨/茶具", "件", "38.60"),
        ("HC-PT900-01", "玻璃茶壶 900ml", "耐热", "餐厨/茶具", "件", "45.90"),
        ("HC-BW160-01", "白瓷碗 6 寸", "骨瓷", "餐厨/碗碟", "件", "9.80"),
        ("HC-BW200-01", "白瓷碗 8 寸", "骨瓷", "餐厨/碗碟", "件", "15.40"),
        ("HC-PL260-01", "平盘 10 寸", "骨瓷", "餐厨/碗碟", "件", "18.20"),
        ("HC-TW070-01", "纯棉浴巾 70×140", "550g", "家纺/毛巾", "条", "32.00"),
        ("HC-TW035-01", "纯棉毛巾 35×75", "110g", "家纺/毛巾", "条", "8.60"),
        ("HC-PW048-01", "羽丝枕 48×74", "中枕", "家纺/床品", "个", "41.00"),
        ("HC-SH180-01", "四件套 1.8m", "60 支长绒棉", "家纺/床品", "套", "268.00"),
        ("HC-BX012-01", "收纳箱 12L", "PP", "收纳", "个", "14.70"),
        ("HC-BX028-01", "收纳箱 28L", "PP", "收纳", "个", "26.10"),
        ("HC-HG010-01", "植绒衣架 10 只装", "防滑", "收纳", "套", "16.90"),
        ("HC-LP007-01", "床头灯", "暖光 7W", "灯具", "台", "58.00"),
        ("HC-LP012-01", "落地灯", "暖光 12W", "灯具", "台", "146.00"),
        ("HC-CD200-01", "香薰蜡烛 200g", "雪松", "香氛", "个", "23.40"),
        ("HC-CD200-02", "香薰蜡烛 200g 无花果", "无花果", "香氛", "个", "23.40"),
        ("HC-RC002-01", "大米 散装", "东北", "食品", "千克", "5.60"),
        ("HC-TE100-01", "茉莉花茶 100g", "特级", "食品", "罐", "36.00"),
        ("HC-MT060-01", "硅藻泥地垫", "40×60", "浴室", "块", "29.50"),
        ("HC-CT180-01", "浴帘 1.8m", "EVA", "浴室", "块", "19.90"),
    ),
)

JIANGNAN = DemoCompany(
    code="jiangnan",
    name="江南文具",
    prefix="JN",
    people=(
        DemoPerson("qianwen", "钱文", "财务部", "owner;finance"),
        DemoPerson("fanglei", "方磊", "仓储部", "manager;controller"),
        DemoPerson("dengyu", "邓雨", "仓储部", "counter"),
        DemoPerson("xuhai", "徐海", "财务部", "auditor"),
    ),
    items=(
        (STAR, "中性笔 0.5mm 黑", "12 支/盒", "书写", "支", "1.10"),
        ("JN-PN05-02", "中性笔 0.5mm 红", "12 支/盒", "书写", "支", "1.10"),
        ("JN-NB-A5", "笔记本 A5", "80 页", "本册", "本", "6.80"),
        ("JN-NB-A4", "笔记本 A4", "100 页", "本册", "本", "9.90"),
        ("JN-FD-A4", "文件夹 A4", "双夹", "收纳", "个", "4.20"),
        ("JN-TP-48", "封箱胶带 48mm", "100 码", "包装", "卷", "5.50"),
    ),
)

COMPANIES = (HECHUAN, JIANGNAN)
PASSWORD = "stockcheck-demo"


def write_bundle(company: DemoCompany, folder: Path, *, today: datetime) -> None:
    """Write the company's files into `folder`; every date lies in the 90 days before `today` (aware)."""
    for name, rows in _tables(company, today).items():
        columns: list[str] = []
        for row in rows:
            columns += [key for key in row if key not in columns]
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows(rows)


def _tables(company: DemoCompany, today: datetime) -> dict[str, list[Row]]:
    chance = random.Random(company.code)
    start = (today - timedelta(days=90)).replace(hour=8, minute=0, second=0, microsecond=0)
    places = [f"{zone}-{shelf:02d}" for zone in "AB" for shelf in range(1, 7)]
    documents: list[Row] = []
    opening: list[Row] = []
    at: dict[str, str] = {}

    def moment(day: int, hour: int, minute: int = 0) -> datetime:
        return start + timedelta(days=day, hours=hour - 8, minutes=minute)

    def document(doc_type: str, doc_no: str, sku: str, quantity: object, day: int, hour: int, **more: object) -> None:
        occurred = moment(day, hour, chance.randrange(50))
        status = more.setdefault("status", "posted")
        documents.append(
            {
                "doc_type": doc_type,
                "doc_no": doc_no,
                "line_no": 1,
                "warehouse": "WH1",
                "location": at[sku],
                "sku": sku,
                "quantity": quantity,
                "occurred_at": occurred.isoformat(),
                "recorded_at": (occurred + timedelta(minutes=12)).isoformat(),
                "posted_at": (occurred + timedelta(minutes=25)).isoformat() if status == "posted" else "",
                **more,
            }
        )

    keeper = next(person.username for person in company.people if person.department == "仓储部")
    for number, (sku, *_rest) in enumerate(company.items):
        at[sku] = places[number % len(places)]
        star = sku == STAR and company.has_story
        opening.append(
            {
                "warehouse": "WH1",
                "location": at[sku],
                "sku": sku,
                "quantity": 1652 if star else chance.randrange(120, 900),
                "as_of": start.isoformat(),
            }
        )
        sales = [15] * 40 + [12] if star else [chance.randrange(1, 9) for _ in range(12)]
        for turn, quantity in enumerate(sales):
            document(
                "sales_issue",
                f"CK-{number:02d}{turn:02d}",
                sku,
                quantity,
                2 + turn * 2 if star else 3 + turn * 6,
                10 + turn % 8,
                operator=keeper,
                department="销售部",
                counterparty=f"客户 {turn % 7 + 1}",
            )
        if not star and number % 3 == 0:
            document(
                "receipt", f"RK-{number:02d}", sku, chance.randrange(30, 90), 40 + number, 14, operator=keeper,
                department="采购部", counterparty="供应商 2",
            )  # fmt: skip
    if company.has_story:
        marketing = {"department": "市场部", "operator": "tangli"}
        document(
            "gift_issue", GIFT_NO, STAR, 20, 47, 14, status="approved", reason="双十一满赠", approver="zhoumin",
            note="领出 20 件，签收单已交市场部", **marketing,
        )  # fmt: skip
        document(
            "scrap", SCRAP_NO, STAR, 10, 65, 10, status="draft", operator="wuqiang", department="仓储部",
            reason="外箱受潮", note="杯身破裂 10 件，已移出货位",
        )  # fmt: skip
        document(
            "delivery_note", DELIVERY_NO, STAR, 150, 71, 9, department="采购部", counterparty="海宁玻璃",
        )  # fmt: skip
        document(
            "receipt", RECEIPT_NO, STAR, 160, 71, 15, operator="wuqiang", department="采购部",
            counterparty="海宁玻璃", source_doc_no=DELIVERY_NO, source_line_no=1, note="PDA-03 键盘录入",
        )  # fmt: skip
        document(
            "receipt", "RK-31", "HC-TW070-01", 24, 80, 16, status="submitted", operator="wuqiang",
            department="采购部", counterparty="南通家纺",
        )  # fmt: skip
    return {
        "departments": [{"code": name, "name": name} for name in company.departments],
        "staff": [
            {
                "username": person.username,
                "name": person.name,
                "department": person.department,
                "roles": person.roles,
                "email": f"{person.username}@{company.code}.example",
            }
            for person in company.people
        ],
        "warehouses": [
            {"code": "WH1", "name": "华东一仓", "department": "仓储部", "storekeeper": keeper},
        ],
        "locations": [
            {"warehouse": "WH1", "code": code, "name": f"{code} 货位", "zone": code[0], "walk_order": order}
            for order, code in enumerate(places, 1)
        ],
        "items": [
            {
                "sku": sku,
                "name": name,
                "spec": spec,
                "category": category,
                "base_unit": unit,
                "standard_cost": cost,
                "barcode": f"69{sum(map(ord, company.code)):04d}{number:07d}",
            }
            for number, (sku, name, spec, category, unit, cost) in enumerate(company.items)
        ],
        "units": [
            {"sku": sku, "unit": "箱", "factor": 24}
            for sku, _name, _spec, _category, unit, _cost in company.items
            if unit in ("件", "支")
        ],
        "opening": opening,
        "documents": documents,
    }
