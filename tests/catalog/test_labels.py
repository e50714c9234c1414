"""Labels: what stands on them is what scanners and people read."""

from __future__ import annotations

import io
import subprocess

import pikepdf
import pytest

from apps.catalog.labels import MOST, SIZES, Label, label_sheets
from apps.catalog.models import Item, Location
from apps.catalog.services import save_barcode, save_item, save_location, save_warehouse
from apps.core.errors import RuleViolation
from apps.core.tenancy import organization_scope
from apps.organizations.selectors import system_member


def text_of(content: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


def pages_of(content: bytes) -> list[tuple[int, int]]:
    """Millimetres of each page."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return [tuple(round(float(x) * 25.4 / 72) for x in page.mediabox[2:]) for page in pdf.pages]


def test_a_sheet_of_24_and_what_stands_on_it():
    made = label_sheets(
        [Label("6901234567892", "紫砂壶", "250ml"), Label("茶-01", "茉莉花茶")],
        size="a4-3x8",
        symbol="barcode",
        copies=12,
        skip=2,
    )
    assert pages_of(made) == [(210, 297), (210, 297)]
    text = text_of(made)
    assert (text.count("紫砂壶"), text.count("6901234567892"), text.count("茶-01")) == (12, 12, 12)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_has_its_page_and_holds_its_labels(size):
    chosen = SIZES[size]
    made = label_sheets([Label("A-1", "货")], size=size, symbol="qr")
    assert pages_of(made) == [tuple(map(round, chosen.page))]
    for side in (0, 1):
        count = (chosen.across, chosen.down)[side]
        used = chosen.margin[1 - side] + count * chosen.label[side] + (count - 1) * chosen.gap[side]
        assert used <= chosen.page[side] + 0.1


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"size": "a4-9x9"}, "labels_impossible"),
        ({"symbol": "smoke"}, "labels_impossible"),
        ({"copies": 0}, "labels_impossible"),
        ({"skip": 24}, "labels_impossible"),
        ({"copies": 100, "many": 11}, "too_many_labels"),
        ({"many": 0}, "no_labels"),
    ],
)
def test_what_cannot_be_printed_is_said(wish, code):
    labels = [Label("A", "a")] * wish.pop("many", 1)
    with pytest.raises(RuleViolation) as refused:
        label_sheets(labels, **{"size": "a4-3x8", "symbol": "qr", **wish})
    assert refused.value.code == code
    assert MOST < 1_100


@pytest.fixture
def shop(organization, system):
    place = save_warehouse("W1", name="主仓", actor=system)
    for code in ("A-01", "A-02"):
        save_location(place, code, zone="甲区", actor=system)
    for sku, name in (("POT", "紫砂壶"), ("CUP", "品茗杯")):
        save_item(sku, name=name, base_unit="件", actor=system)
    save_barcode("6901234567892", item=Item.objects.get(sku="POT"), actor=system)


def test_pages_print_what_is_filtered_or_ticked(shop, person, browse):
    client = browse(person("zhang", "manager"))
    wish = {"size": "roll-60x40", "symbol": "barcode", "copies": "1", "skip": "0"}
    text = text_of(b"".join(client.post("/o/alpha/items/labels/", wish).streaming_content))
    assert [word in text for word in ("紫砂壶", "6901234567892", "品茗杯", "CUP")] == [True] * 4
    text = text_of(b"".join(client.post("/o/alpha/items/labels/?q=CUP", wish).streaming_content))
    assert ["紫砂壶" in text, "品茗杯" in text] == [False, True]
    place = Location.objects.get(code="A-02")
    text = text_of(b"".join(client.post(f"/o/alpha/locations/labels/?ids={place.pk}", wish).streaming_content))
    assert ["A-01" in text, "A-02" in text, "主仓 甲区" in text] == [False, True, True]
    assert client.get("/o/alpha/items/labels/").status_code == 200
    assert client.post("/o/alpha/items/labels/", {"size": "x"}).status_code == 422
    assert client.post("/o/alpha/items/labels/?q=nothing", wish).status_code == 422


def test_items_of_others_are_on_no_label(shop, person, browse, twin):
    with organization_scope(twin):
        foreign = save_item("SECRET", name="秘密", base_unit="件", actor=system_member())
    client = browse(person("zhang", "manager"))
    wish = {"size": "roll-60x40", "symbol": "qr", "copies": "1", "skip": "0"}
    assert client.post(f"/o/alpha/items/labels/?ids={foreign.pk}", wish).status_code == 422
    assert "秘密" not in text_of(b"".join(client.post("/o/alpha/items/labels/", wish).streaming_content))
