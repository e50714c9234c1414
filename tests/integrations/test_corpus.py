"""Whatever a file is: rows, or a refusal that names file, row, column and reason; never a crash."""

from __future__ import annotations

import io
import random
import re
import resource
import time
from collections import Counter

import pytest
from django.db import transaction
from django.utils import translation

from apps.core.errors import RuleViolation
from apps.integrations.bundle.findings import BundleRefused
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.source import Brought, Choices, found_tables
from apps.integrations.layouts.catalogue import LAYOUTS
from apps.integrations.layouts.translation import translated
from apps.integrations.services import load_bundle
from tests.integrations.builders import load
from tests.integrations.corpus import GROUND, Case, all_cases

CHINESE = re.compile(r"[\u4e00-\u9fff]")
MUTATED = 2_000
SECONDS = 20
MEGABYTES = 512


@pytest.fixture
def ground(organization):
    load(GROUND)


def said_of(case: Case, actor) -> tuple[tuple[str, int, str, str], ...]:
    try:
        with transaction.atomic():
            load_bundle(io.BytesIO(case.content), actor=actor, file_name=case.file_name, dry_run=True)
    except BundleRefused as refused:
        return tuple(finding[:4] for finding in refused.rows)
    return ()


def test_made_files_are_read_or_refused_exactly(ground, system):
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases) >= 200
    wrong = {case.name: found for case in cases if (found := said_of(case, system)) != case.findings}
    assert wrong == {}


def test_refusals_speak_chinese(ground, system):
    """Every kind of refusal, once: the reason is in the language of the house."""
    shown: dict[str, str] = {}
    with translation.override("zh-hans"):
        for case in all_cases():
            kind = case.findings[0][3] if case.findings else ""
            if kind and kind not in shown:
                try:
                    with transaction.atomic():
                        load_bundle(io.BytesIO(case.content), actor=system, file_name=case.file_name, dry_run=True)
                except BundleRefused as refused:
                    shown[kind] = refused.rows[0].message
    assert len(shown) >= 30
    assert {kind: message for kind, message in shown.items() if not CHINESE.search(message)} == {}


def mutated(content: bytes, dice: random.Random) -> bytes:
    """One to eight accidents: bytes changed, lost, doubled, swapped; ends cut; pieces moved."""
    data = bytearray(content)
    for _accident in range(dice.randint(1, 8)):
        if not data:
            break
        at = dice.randrange(len(data))
        length = dice.choice((1, 1, 2, 4, 16, 64))
        match dice.randrange(7):
            case 0:
                data[at] = dice.randrange(256)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length] * dice.choice((1, 2, 50))
            case 3:
                data[at:at] = dice.choice(
                    (b"\0", b"\xff", b'"', b",", b"\n", b"\r", "，".encode(), b"1e999", b"=", b"<")
                )
            case 4:
                data[at] ^= 1 << dice.randrange(8)
            case 5:
                del data[at + dice.randrange(200) :]
            case 6:
                other = dice.randrange(len(data))
                data[at : at + length], data[other : other + length] = (
                    data[other : other + length],
                    data[at : at + length],
                )
    return bytes(data)


def read_through(case: Case) -> str:
    """What a page or a load does before the database: find, recognize, translate; the code of its refusal or ""."""
    try:
        with found_tables([Brought(io.BytesIO(case.content), case.file_name)], Choices()) as tables:
            for found in tables:
                if found.error is not None:
                    return found.error.code
                if found.reading is None:
                    continue
                for file in LAYOUTS[found.reading.layout].files:
                    readers = [column.kind(None) for column in FORMATS[file].columns]
                    for _number, row in translated(found.sheet.open(), found.reading, file).rows:
                        for reader, text in zip(readers, row.values(), strict=False):
                            assert reader[text] is None or isinstance(reader[text], str)
    except RuleViolation as error:
        return error.code
    return ""


def test_mutated_files_are_never_a_crash(ground, system):
    dice = random.Random(20250131)
    seeds = [case for case in all_cases() if len(case.content) < 60_000]
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(MUTATED):
        seed = seeds[number % len(seeds)]
        case = Case(seed.name, seed.file_name, mutated(seed.content, dice))
        begun = time.monotonic()
        outcomes[read_through(case)] += 1
        if number % 40 == 0:
            said_of(case, system)
        slowest = max(slowest, time.monotonic() - begun)
    assert outcomes.total() == MUTATED
    assert slowest < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024
