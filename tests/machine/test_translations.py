"""The check that the Chinese catalogue is complete."""

from pathlib import Path

import pytest

from stockcheck.machine.translations import Gap, gaps

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("apps/shop", "templates", "locale/zh_Hans/LC_MESSAGES"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "apps/shop/views.py").write_text('from django.utils.translation import gettext as _\n_("Stock")\n')
    (tmp_path / "templates/page.html").write_text('{% load i18n %}{% translate "Count" %}')
    return tmp_path


def write(project: Path, entries: str) -> None:
    (project / "locale/zh_Hans/LC_MESSAGES/django.po").write_text(HEADER + entries)


def test_a_complete_catalogue_has_no_gaps(project: Path) -> None:
    write(project, 'msgid "Stock"\nmsgstr "库存"\n\nmsgid "Count"\nmsgstr "盘点"\n')
    assert gaps(project) == []


def test_missing_untranslated_and_fuzzy_texts_are_gaps(project: Path) -> None:
    write(project, '#, fuzzy\nmsgid "Stock"\nmsgstr "库"\n')
    assert gaps(project) == [
        Gap("django.po", "untranslated", 'msgid "Count"'),
        Gap("django.po", "only-fuzzy", 'msgid "Stock"'),
    ]


def test_a_translation_that_loses_a_placeholder_is_broken(project: Path) -> None:
    (project / "apps/shop/views.py").write_text(
        'from django.utils.translation import gettext as _\n_("%(n)s items") % {"n": 1}\n'
    )
    write(project, '#, python-format\nmsgid "%(n)s items"\nmsgstr "件"\n\nmsgid "Count"\nmsgstr "盘点"\n')
    assert [gap.kind for gap in gaps(project)][:1] == ["broken"]


def test_the_sources_are_left_as_they_were(project: Path) -> None:
    write(project, "")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    gaps(project)
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before
