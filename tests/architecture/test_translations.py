"""Chinese first: no text of ours is left in English."""

from __future__ import annotations

from stockcheck.machine.translations import gaps
from tests.architecture.code import BASE


def test_every_text_is_in_chinese():
    assert [f"{gap.catalogue} {gap.kind}: {gap.text}" for gap in gaps(BASE)] == []
