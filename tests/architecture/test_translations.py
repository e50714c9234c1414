"""Chinese first: no text of ours is left in English."""

from __future__ import annotations

import re

from stockcheck.machine.translations import gaps
from tests.architecture.code import BASE, sources


def test_every_text_is_in_chinese():
    assert [f"{gap.catalogue} {gap.kind}: {gap.text}" for gap in gaps(BASE)] == []


def test_no_text_hides_from_the_catalogue():
    """What is translated inside an f-string is not found by the tool that collects texts."""
    hidden = re.compile(r"""f["'][^\n]*\{_\(""")
    assert [str(path) for path, text in sources(".py") if hidden.search(text)] == []
