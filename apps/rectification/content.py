"""What an adjustment says, as a hash: what is approved, and compared again when it is posted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

Row = tuple[UUID, UUID, Decimal, Decimal]
"""(variance id, stock line id, quantity, unit cost)."""


def content_hash(count_id: UUID, rows: Iterable[Row]) -> str:
    """SHA-256 over the count and the lines in order of their variance; equal numbers are written equally."""
    lines = sorted(
        [str(variance), str(stock_line), _plain(quantity), _plain(cost)]
        for variance, stock_line, quantity, cost in rows
    )
    text = json.dumps({"count": str(count_id), "lines": lines}, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(number: Decimal) -> str:
    return f"{number:.4f}"
