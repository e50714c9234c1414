"""What the documents of a bundle say about their own chain, worked out from the CSV files in plain Python.

It shares no code with the product: files in, findings out, row by row, as a person with the papers would do it.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

Told = tuple[str, str, int, str, Decimal, Decimal]
"""(type, number, line, finding, due, posted after it)."""

FOLLOWING = {
    "purchase_order": ["delivery_note", "receipt"],
    "delivery_note": ["receipt"],
    "sales_order": ["waybill", "sales_issue"],
    "waybill": ["sales_issue"],
    "return_note": ["sales_return"],
    "transfer_out": ["transfer_in"],
}
WRONG_WAY = {"return_note": "sales_issue"}
HOURS = {"purchase_order": 336, "sales_order": 72, "transfer_out": 72}
SIGN = {"receipt": 1, "sales_issue": -1, "sales_return": 1, "transfer_in": 1}


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def lines(folder: Path) -> list[dict[str, Any]]:
    factors = {(row["sku"], row["unit"]): Decimal(row["factor"]) for row in read(folder, "units")}
    rows: list[dict[str, Any]] = []
    for row in read(folder, "documents"):
        times = {name: moment(row[name]) for name in ("occurred_at", "recorded_at", "posted_at")}
        base = Decimal(row["quantity"]) * factors.get((row["sku"], row["unit"]), Decimal(1))
        happened = times["occurred_at"] or times["recorded_at"]
        rows.append({**row, **times, "base": base, "happened": happened, "line_no": int(row["line_no"])})
    return rows


class ByHand:
    def __init__(self, folder: Path) -> None:
        every = lines(folder)
        self.end = max(max(filter(None, (row["recorded_at"], row["posted_at"]))) for row in every)
        self.rows = [row for row in every if row["status"] != "cancelled"]
        self.by_key = {(row["doc_type"], row["doc_no"], row["line_no"]): row for row in self.rows}
        self.after: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
        self.corrections: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
        self.unnamed: list[dict[str, Any]] = []
        self.link()

    def link(self) -> None:
        """By what the documents name themselves."""
        types: dict[str, set[str]] = defaultdict(set)
        for row in self.rows:
            types[row["doc_no"]].add(row["doc_type"])
        for row in self.rows:
            if not row["source_doc_no"]:
                self.unnamed.append(row)
                continue
            (source_type,) = types[row["source_doc_no"]]
            key = (source_type, row["source_doc_no"], int(row["source_line_no"]))
            row["source"] = key
            if row["doc_type"] == "adjustment":
                self.corrections[key] += row["base"]
            else:
                self.after[key].append(row)

    def limit(self, doc_type: str) -> timedelta:
        return timedelta(hours=HOURS.get(doc_type, 24))

    def moved(self, row: dict[str, Any]) -> Decimal:
        key = (row["doc_type"], row["doc_no"], row["line_no"])
        return row["base"] + SIGN.get(row["doc_type"], 0) * self.corrections[key]

    def judge(self, row: dict[str, Any]) -> tuple[str, Decimal] | None:
        """The finding about a line that something must follow, and how much did."""
        key = (row["doc_type"], row["doc_no"], row["line_no"])
        right = [one for one in self.after[key] if one["doc_type"] in FOLLOWING[row["doc_type"]]]
        wrong = [one for one in self.after[key] if one["doc_type"] == WRONG_WAY.get(row["doc_type"])]
        if row["status"] != "posted" and not right:
            return None
        booked = [one for one in right if one["status"] == "posted"]
        done = sum((self.moved(one) for one in booked), Decimal(0))
        back = sum((one["base"] for one in wrong if one["status"] == "posted"), Decimal(0))
        return self.name(row, booked, done, back), done - back

    def name(self, row: dict[str, Any], booked: list[dict[str, Any]], done: Decimal, back: Decimal) -> str:
        due, waited = row["base"], self.limit(row["doc_type"])
        amounts = [self.moved(one) for one in booked]
        twice = any(
            amounts.count(amount) > 1 and done - due in [amount * more for more in range(1, amounts.count(amount))]
            for amount in amounts
        )
        if back and not done:
            return "reversed"
        if any(one["sku"] != row["sku"] for one in booked):
            return "wrong_item"
        if done != due and any(one["quantity"] == row["quantity"] and one["unit"] != row["unit"] for one in booked):
            return "wrong_unit"
        if done > due:
            return "duplicated" if twice else "excess"
        if done == due:
            return "late" if max(one["posted_at"] for one in booked) > row["happened"] + waited else ""
        if row["happened"] > self.end - waited:
            return "open"
        return "partial" if done else "missing"

    def findings(self) -> set[Told]:
        """All findings that follow from what documents name; those that need a guess are left out."""
        told: set[Told] = set()
        for row in self.rows:
            here = (row["doc_type"], row["doc_no"], row["line_no"])
            if row["doc_type"] in FOLLOWING and (judged := self.judge(row)) is not None:
                finding, done = judged
                if finding:
                    told.add((*here, finding, row["base"], done))
            elif row["status"] != "posted" and "source" not in row:
                late = (row["recorded_at"] or row["posted_at"]) <= self.end - self.limit(row["doc_type"])
                told.add((*here, "unposted" if late else "open", row["base"], Decimal(0)))
        return told
