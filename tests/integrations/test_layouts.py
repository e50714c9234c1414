"""Tables of other systems: recognized by their headings, read as ours. A layout is data; a row is expected exactly."""

from __future__ import annotations

import csv
import io

import pytest
import xlsxwriter

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import read_grid
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.layouts.catalogue import LAYOUTS
from apps.integrations.layouts.recognition import Reading, recognize
from apps.integrations.layouts.translation import translated, unread


def grid_of(rows: list[list[object]]):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return read_grid(io.BytesIO(out.getvalue().encode()), file_name="x.csv")


def reading_of(rows, **options) -> Reading:
    found = recognize(list(grid_of(rows).rows), **options)
    assert found is not None
    return found


def as_dicts(rows, reading: Reading, file: str, **options) -> list[tuple[int, dict[str, str]]]:
    table = translated(grid_of(rows), reading, file, actor="import", **options)
    return [(number, {k: v for k, v in row.items() if v}) for number, row in table.rows]


@pytest.mark.parametrize("key", LAYOUTS)
def test_a_layout_names_only_what_there_is(key):
    layout = LAYOUTS[key]
    fields = set(layout.fields)
    assert set(layout.files) - set(FORMATS) == set()
    named = {
        *layout.columns,
        *layout.needs,
        *layout.head,
        *layout.words,
        *layout.constants,
        *layout.first,
        *layout.join,
    }
    named |= {source for sources in (*layout.first.values(), *layout.join.values()) for source in sources}
    named |= {name for names in layout.skip.values() for name in names} | set(layout.number.values())
    assert named - fields == set()
    assert set(layout.needs) - layout.reached(layout.columns) == set()
    assert layout.title != ""


def test_u8_items_with_units():
    rows = [
        ["存货档案"],
        [
            "存货编码",
            "存货名称",
            "规格型号",
            "存货大类名称",
            "主计量单位名称",
            "辅计量单位名称",
            "换算率",
            "参考成本",
            "是否批次管理",
            "启用日期",
        ],
        ["01001", "茉莉花茶", "250g", "茶叶", "袋", "箱", "24", "18.5", "是", "2020-01-01"],
        ["01002", "品茗杯", "", "茶具", "件", "", "", "3", "否", "2020-01-01"],
    ]
    reading = reading_of(rows)
    assert (reading.layout, reading.header, reading.is_sure) == ("u8-items", 2, True)
    assert unread(reading) == ["启用日期"]
    assert as_dicts(rows, reading, "items") == [
        (
            3,
            {
                "sku": "01001",
                "name": "茉莉花茶",
                "base_unit": "袋",
                "spec": "250g",
                "category": "茶叶",
                "standard_cost": "18.5",
                "tracking": "lot",
            },
        ),
        (
            4,
            {
                "sku": "01002",
                "name": "品茗杯",
                "base_unit": "件",
                "category": "茶具",
                "standard_cost": "3",
                "tracking": "none",
            },
        ),
    ]
    assert as_dicts(rows, reading, "units") == [(3, {"sku": "01001", "unit": "箱", "factor": "24"})]


def test_u8_movements_with_two_rows_of_headings_totals_and_a_foot():
    rows = [
        ["出入库流水账"],
        ["日期：2024-01-01 至 2024-01-31"],
        ["单据日期", "单据号", "收发类别", "仓库编码", "存货编码", "收入", "", "发出", "", "制单人"],
        ["", "", "", "", "", "数量", "单价", "数量", "单价", ""],
        ["2024-01-05", "RK001", "采购入库", "W1", "01001", "100", "18.5", "", "", "王"],
        ["", "", "", "", "01002", "20", "3", "", "", ""],
        ["2024-01-06", "RK002", "采购入库", "W1", "01001", "-4", "18.5", "", "", "王"],
        ["2024-01-08", "CK001", "销售出库", "W1", "01001", "", "", "6", "18.5", "李"],
        ["2024-01-31", "QT001", "其他出库", "W1", "01001", "", "", "2", "18.5", "李"],
        ["2024-01-31", "PY001", "盘盈入库", "W1", "01002", "1", "3", "", "", "李"],
        ["合计", "", "", "", "", "117", "", "8", "", ""],
        ["制表人：王", "", "", "审核人：李"],
    ]
    reading = reading_of(rows)
    assert (reading.layout, reading.header, reading.height) == ("u8-movements", 3, 2)
    assert reading.columns["收入 · 数量"] == "in_quantity"
    found = as_dicts(rows, reading, "documents")
    assert [(row, d["doc_type"], d["doc_no"], d["line_no"], d["sku"], d["quantity"]) for row, d in found] == [
        (5, "receipt", "RK001", "1", "01001", "100"),
        (6, "receipt", "RK001", "2", "01002", "20"),
        (7, "purchase_return", "RK002", "1", "01001", "4"),
        (8, "sales_issue", "CK001", "1", "01001", "6"),
        (9, "adjustment", "QT001", "1", "01001", "-2"),
        (10, "adjustment", "PY001", "1", "01002", "1"),
    ]
    assert {d["status"] for _row, d in found} == {"posted"}
    assert (found[1][1]["posted_at"], found[1][1]["operator"], found[1][1]["warehouse"]) == ("2024-01-05", "王", "W1")


def test_a_u8_count_whose_head_stands_above_the_table():
    rows = [
        ["盘点单"],
        ["盘点单号：PD0001", "", "盘点日期：2024-01-31", "", "仓库：", "W1"],
        ["序号", "存货编码", "存货名称", "批号", "账面数量", "盘点数量", "盈亏数量"],
        ["1", "01001", "茉莉花茶", "B1", "100", "98", "-2"],
        ["2", "01002", "品茗杯", "", "20", "", ""],
        ["3", "01003", "茶匙", "", "5", "0", "-5"],
        ["合计", "", "", "", "125", "98", "-7"],
    ]
    reading = reading_of(rows)
    assert (reading.layout, reading.constants) == (
        "u8-count",
        {"count_no": "PD0001", "counted_at": "2024-01-31", "warehouse": "W1"},
    )
    head = {"count_no": "PD0001", "warehouse": "W1", "snapshot_at": "2024-01-31", "status": "counting"}
    assert as_dicts(rows, reading, "counts") == [(4, head), (5, head), (6, head)]
    entry = {"count_no": "PD0001", "counter": "import", "counted_at": "2024-01-31", "method": "import"}
    assert as_dicts(rows, reading, "count_entries") == [
        (4, entry | {"entry_no": "01001-B1", "sku": "01001", "lot": "B1", "quantity": "98"}),
        (6, entry | {"entry_no": "01003", "sku": "01003", "quantity": "0"}),
    ]


def test_the_book_of_a_u8_count_as_opening_stock_where_it_is_chosen():
    rows = [
        ["cCVCode", "dACDate", "dCVDate", "cWhCode", "cInvCode", "iCVQuantity", "iCVCQuantity", "iJhdj", "cAccounter"],
        ["PD1", "2024-01-31", "2024-02-01", "W1", "01001", "100", "98", "2.5", "李"],
    ]
    reading = reading_of(rows)
    assert reading.layout == "u8-count"
    chosen = Reading.from_json(
        {
            **reading.as_json(),
            "layout": "u8-count-with-book",
            "columns": {**reading.columns, "iCVQuantity": "book", "iJhdj": "unit_cost"},
        }
    )
    opening = {"warehouse": "W1", "sku": "01001", "quantity": "100", "as_of": "2024-01-31", "unit_cost": "2.5"}
    assert as_dicts(rows, chosen, "opening") == [(2, opening)]
    assert as_dicts(rows, chosen, "counts")[0][1]["status"] == "closed"


def test_kingdee_materials_with_keys_above_captions():
    rows = [
        ["FNumber", "FName", "FSpecification", "FMaterialGroup.FName", "FBaseUnitId.FName", "FRefCost", "FUseOrgId"],
        ["*编码", "*名称", "规格型号", "物料分组", "*基本单位", "参考成本", "使用组织"],
        ["CH4441", "电水壶", "1.5L", "家电", "台", "88", "100"],
    ]
    reading = reading_of(rows)
    assert (reading.layout, reading.header, reading.height) == ("kingdee-items", 1, 2)
    item = {
        "sku": "CH4441",
        "name": "电水壶",
        "base_unit": "台",
        "spec": "1.5L",
        "category": "家电",
        "standard_cost": "88",
    }
    assert as_dicts(rows, reading, "items") == [(3, item)]


def test_kingdee_stock_makes_its_places():
    rows = [
        ["物料编码", "物料名称", "仓库编码", "仓位", "批号", "库存量(主单位)", "库存主单位"],
        ["CH4441", "电水壶", "CK001", "A-01", "B7", "12.5", "台"],
        ["CH4442", "水壶", "CK001", "", "", "3", "台"],
    ]
    reading = reading_of(rows, names=["即时库存.xlsx"])
    assert reading.layout == "kingdee-stock"
    assert as_dicts(rows, reading, "locations") == [(2, {"warehouse": "CK001", "code": "A-01"})]
    assert as_dicts(rows, reading, "opening")[0] == (
        2,
        {"warehouse": "CK001", "location": "A-01", "sku": "CH4441", "lot": "B7", "quantity": "12.5"},
    )


def test_a_kingdee_count_of_two_warehouses_is_two_counts():
    rows = [
        ["单据编号", "单据状态", "日期", "仓库", "物料编码", "批号", "账存数量", "盘点数量", "盘盈数量", "盘亏数量"],
        ["WLPD001", "已审核", "2024/1/31 0:00:00", "原料仓", "M1", "", "10", "9", "", "1"],
        ["", "", "", "成品仓", "M2", "", "5", "6", "1", ""],
    ]
    reading = reading_of(rows, names=["物料盘点作业"])
    assert reading.layout == "kingdee-count"
    codes = {"warehouse": {"原料仓": "CK1", "成品仓": "CK2"}}
    assert [
        (row, d["count_no"], d["warehouse"], d["status"], d["snapshot_at"])
        for row, d in as_dicts(rows, reading, "counts", codes=codes)
    ] == [
        (2, "WLPD001-原料仓", "CK1", "closed", "2024/1/31"),
        (3, "WLPD001-成品仓", "CK2", "closed", "2024/1/31"),
    ]


def test_business_one_items_with_two_rows_of_names():
    rows = [
        ["ItemCode", "ItemName", "InventoryUOM", "BarCode", "ManageBatchNumbers"],
        ["ItemCode", "ItemName", "InvntryUom", "CodeBars", "ManBtchNum"],
        ["A00001", "Printer", "Each", "690001", "tNO"],
    ]
    reading = reading_of(rows)
    assert (reading.layout, reading.height) == ("b1-items", 2)
    item = {"sku": "A00001", "name": "Printer", "base_unit": "Each", "tracking": "none", "barcode": "690001"}
    assert as_dicts(rows, reading, "items") == [(3, item)]


def test_business_one_countings():
    rows = [
        ["DocNum", "LineNum", "ItemCode", "ItemDesc", "WhsCode", "CountDate", "CountTime", "InWhsQty", "CountQty"],
        ["7", "1", "A00001", "Printer", "01", "20240131", "930", "10", "9"],
    ]
    reading = reading_of(rows)
    assert reading.layout == "b1-count"
    assert as_dicts(rows, reading, "count_entries") == [
        (
            2,
            {
                "count_no": "7-01",
                "entry_no": "1-A00001",
                "sku": "A00001",
                "quantity": "9",
                "counter": "import",
                "counted_at": "2024-01-31 9:30",
                "method": "import",
            },
        ),
    ]


def test_our_own_columns_in_chinese_under_a_title():
    rows = [
        ["商品资料"],
        ["商品编码", "商品名称", "基本单位", "规格"],
        ["P1", "壶", "件", "大"],
        ["P2", "杯", "件", ""],
    ]
    reading = reading_of(rows)
    assert (reading.layout, reading.header, reading.is_sure) == ("items", 2, True)
    assert as_dicts(rows, reading, "items")[1] == (4, {"sku": "P2", "name": "杯", "base_unit": "件"})


def test_strangers_are_guessed_at_and_not_sure():
    reading = reading_of([["甲", "乙", "丙"], ["1", "2", "3"]])
    assert (reading.is_sure, reading.headings) == (False, ("甲", "乙", "丙"))


def test_what_was_remembered_wins():
    rows = [["甲", "乙", "丙"], ["P1", "壶", "件"]]
    known = {"layout": "items", "columns": {"甲": "sku", "乙": "name", "丙": "base_unit"}, "constants": {}}
    reading = reading_of(rows, remembered={reading_of(rows).fingerprint: known})
    assert as_dicts(rows, reading, "items") == [(2, {"sku": "P1", "name": "壶", "base_unit": "件"})]


def test_one_heading_twice_is_refused_where_it_matters():
    rows = [["存货编码", "存货名称", "主计量单位", "存货编码"], ["1", "壶", "件", "2"]]
    reading = reading_of(rows)
    with pytest.raises(RuleViolation) as refused:
        translated(grid_of(rows), reading, "items")
    assert refused.value.code == "duplicate_column"


def test_joined_cells_say_the_same_on_each_row():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("物料盘点作业")
    sheet.merge_range(0, 0, 0, 4, "物料盘点作业")
    sheet.write_row(1, 0, ["单据编号", "日期", "仓库编码", "物料编码", "盘点数量"])
    for column, text in enumerate(["PD1", "2024-01-31", "CK1"]):
        sheet.merge_range(2, column, 3, column, text)
    sheet.write_row(2, 3, ["M1", 9])
    sheet.write_row(3, 3, ["M2", 8])
    book.close()

    def grid():
        return read_grid(io.BytesIO(out.getvalue()), file_name="x.xlsx")

    reading = recognize(list(grid().rows), merged=grid().merged, names=["x.xlsx"])
    table = translated(grid(), reading, "count_entries", actor="import")
    assert [(n, r["count_no"], r["sku"], r["quantity"]) for n, r in table.rows] == [
        (3, "PD1-CK1", "M1", "9"),
        (4, "PD1-CK1", "M2", "8"),
    ]
