"""Small bundles, made by hand."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

from apps.integrations.bundle.findings import BundleRefused
from apps.integrations.services import Loaded, load_bundle
from apps.organizations.selectors import system_member

SHOP: dict[str, str] = {
    "departments": "code,name,manager\nCK,仓储部,zhou\nXS,销售部,\n",
    "staff": (
        "username,name,department,roles,email\nzhou,周敏,CK,manager;counter,zhou@example.com\nli,李强,XS,counter,\n"
    ),
    "warehouses": "code,name,department,storekeeper\nW1,主仓,CK,zhou\nW2,前置仓,,\n",
    "locations": "warehouse,code,name,zone,walk_order\nW1,A-01,,A,1\nW1,A-02,,A,2\nW2,B-01,,B,1\n",
    "items": (
        "sku,name,base_unit,category,standard_cost,barcode\nPOT,紫砂壶,件,茶具/壶,20.5,690001\nCUP,品茗杯,件,茶具,3,\n"
    ),
    "units": "sku,unit,factor,barcode\nCUP,盒,12,690099\n",
    "opening": (
        "warehouse,location,sku,quantity,as_of\nW1,A-01,POT,100,2025-01-01T00:00:00\nW1,A-02,CUP,240,2025-01-01\n"
    ),
    "documents": (
        "doc_type,doc_no,line_no,status,warehouse,location,sku,quantity,unit,occurred_at,posted_at,operator\n"
        "receipt,RK1,1,posted,W1,A-01,POT,10,,2025-01-05T09:00:00,2025-01-05T10:00:00,zhou\n"
        "receipt,RK1,2,posted,W1,A-02,CUP,5,盒,2025-01-05T09:00:00,2025-01-05T10:00:00,zhou\n"
        "sales_issue,CK1,1,posted,W1,A-01,POT,4,,,2025-01-06T10:00:00,zhou\n"
        "gift_issue,ZP1,1,draft,W1,A-01,POT,2,,,,li\n"
    ),
}
"""POT: 100 + 10 − 4 = 106 at A-01; CUP: 240 + 60 = 300 at A-02; a gift of 2 POT lies as a draft."""

COUNTED = SHOP | {
    "counts": "count_no,warehouse,snapshot_at,mode,blind,status\nPD1,W1,2025-01-10T18:00:00,static,1,closed\n",
    "count_entries": (
        "count_no,entry_no,round,location,sku,quantity,unit,counter,counted_at,method\n"
        "PD1,E1,1,A-01,POT,100,,zhou,2025-01-10T19:00:00,scan\n"
        "PD1,E2,2,A-01,POT,104,,li,2025-01-10T19:30:00,keyed\n"
        "PD1,E3,1,A-02,CUP,25,盒,zhou,2025-01-10T19:05:00,keyed\n"
        "PD1,E4,1,A-02,POT,1,,zhou,2025-01-10T19:06:00,keyed\n"
    ),
    "confirmed_causes": (
        "count_no,warehouse,location,sku,cause,quantity,department,person,doc_no\n"
        "PD1,W1,A-01,POT,gift_unrecorded,-2,XS,,ZP1\n"
    ),
}
"""PD1: POT at A-01 104 of 106 (its recount counts), CUP 300 of 300, one POT found at A-02."""


def write_folder(folder: Path, files: dict[str, str], *, encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return folder


def zipped(files: dict[str, str], *, top: str = "") -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{top}{name}.csv", text)
    out.seek(0)
    return out


def load(files: dict[str, str], **options: Any) -> Loaded:
    """Load a bundle as the system, into the active organization."""
    return load_bundle(zipped(files), actor=options.pop("actor", system_member()), file_name="bundle.zip", **options)


def refusal(files: dict[str, str], **options: Any) -> list[tuple[str, int, str, str]]:
    """(file, row, column, code) of every finding of a bundle that is refused."""
    try:
        load(files, **options)
    except BundleRefused as error:
        return [finding[:4] for finding in error.rows]
    raise AssertionError("the bundle was loaded")


def with_row(files: dict[str, str], name: str, row: str) -> dict[str, str]:
    return files | {name: files[name] + row + "\n"}


def edited(files: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    assert old in files[name]
    return files | {name: files[name].replace(old, new)}


def counts_of(loaded: Loaded) -> dict[str, tuple[int, int, int]]:
    """{file: (rows, new, changed)}."""
    return {name: (t.rows, t.new, t.changed) for name, t in loaded.tallies.items()}


def as_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))
