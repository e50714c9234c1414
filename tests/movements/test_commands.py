"""The stock command: its formats, times and refusals."""

import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, opened, posted


@pytest.fixture
def shop(organization):
    warehouse = make_warehouse("WH01", "A-01", name="总仓")
    cup = make_item("A-001", standard_cost=Decimal("2.55"))
    pot = make_item("A-002", "紫砂壶", tracking="lot")
    opened(place(warehouse), cup, 100, at("2023-10-01T00:00:00"))
    opened(place(warehouse, "A-01"), pot, "0.5", at("2023-10-01T00:00:00"), lot="批次一")
    posted(
        "gift_issue",
        warehouse,
        line(cup, 4),
        occurred_at=at("2023-12-31T20:00:00"),
        posted_at=at("2023-12-31T23:59:59"),
    )


def run(capsys, *options):
    call_command("stock", "--organization", "alpha", *options)
    return capsys.readouterr().out


def test_jsonl(shop, capsys):
    rows = [json.loads(text) for text in run(capsys, "--format", "jsonl").splitlines()]
    assert rows == [
        {"warehouse": "WH01", "location": "", "sku": "A-001", "lot": "", "quantity": "96", "value": "244.8"},
        {
            "warehouse": "WH01",
            "location": "A-01",
            "sku": "A-002",
            "lot": "批次一",
            "quantity": "0.5",
            "value": "0",
        },
    ]


def test_csv_at_a_moment(shop, capsys):
    out = run(capsys, "--format", "csv", "--as-of", "2023-12-31T23:59:58")
    assert out.splitlines() == [
        "warehouse,location,sku,lot,quantity,value",
        "WH01,,A-001,,100,255",
        "WH01,A-01,A-002,批次一,0.5,0",
    ]


@pytest.mark.parametrize(
    ("as_of", "known_at", "quantity"),
    [
        ("2023-12-31T15:59:59+00:00", None, "96"),
        ("2023-12-31T23:59:59", None, "96"),
        ("2023-12-31", None, "100"),
        ("2023-12-31T21:00:00", "2023-12-31T22:00:00", "100"),
        ("2023-12-31T21:00:00", "2024-01-01T00:00:00", "96"),
    ],
)
def test_times(shop, capsys, as_of, known_at, quantity):
    options = ["--format", "jsonl", "--as-of", as_of, *(["--known-at", known_at] if known_at else [])]
    assert json.loads(run(capsys, *options).splitlines()[0])["quantity"] == quantity


def test_table_is_aligned(shop, capsys):
    lines = run(capsys).splitlines()
    assert len(lines) == 3
    assert lines[1].split() == ["WH01", "A-001", "96", "244.8"]


def test_refusals(shop, capsys):
    with pytest.raises(SystemExit) as caught:
        call_command("stock", "--organization", "nobody")
    assert caught.value.code == 1
    assert "nobody" in capsys.readouterr().err
    for wrong in (["--as-of", "gestern"], ["--format", "xml"]):
        with pytest.raises(CommandError):
            call_command("stock", "--organization", "alpha", *wrong)
