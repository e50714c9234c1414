"""manage.py load_bundle: exit codes, --create, --dry-run, --errors."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from apps.catalog.models import Item
from apps.core.tenancy import organization_scope
from apps.organizations.models import Organization
from tests.integrations.builders import SHOP, as_rows, with_row, write_folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "bundle", SHOP)


def run(path, *options, code=0, **streams):
    """Run the command; it must end with this exit code."""
    ended = 0
    try:
        call_command("load_bundle", str(path), *options, **streams)
    except CommandError as error:
        ended = error.returncode
    assert ended == code


def items(organization: str) -> int:
    with organization_scope(Organization.objects.get(code=organization)):
        return Item.objects.count()


def test_create_opens_the_organization(folder, capsys):
    run(folder, "--organization", "tea", "--create")
    assert items("tea") == 2
    assert Organization.objects.get(code="tea").name == "tea"
    summary = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["items", "2", "2", "0", "0"] in summary
    run(folder, "--organization", "tea", "--create")
    summary = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["documents", "4", "0", "0", "4"] in summary


def test_unknown_organizations_and_paths(folder, tmp_path):
    run(folder, "--organization", "tea", code=1)
    run(tmp_path / "nothing", "--organization", "tea", "--create", code=2)
    run(folder, "--organization", "No Code", "--create", code=1)


def test_a_dry_run_keeps_nothing_not_even_the_organization(folder):
    run(folder, "--organization", "tea", "--create", "--dry-run")
    assert not Organization.objects.filter(code="tea").exists()


def test_refusals_go_to_standard_error_and_the_file(tmp_path, capsys):
    bad = write_folder(tmp_path / "bad", with_row(SHOP, "items", 'LID,壶盖,件,,"1,200",'))
    out = tmp_path / "errors.csv"
    run(bad, "--organization", "tea", "--create", "--errors", str(out), code=1)
    assert not Organization.objects.filter(code="tea").exists()
    [header, row] = as_rows(out.read_text("utf-8-sig"))
    assert header == ["file", "row", "column", "code", "message", "value"]
    assert [row[i] for i in (0, 1, 2, 3, 5)] == ["items", "4", "standard_cost", "number_format", "1,200"]
    assert "1,200" in capsys.readouterr().err


def test_a_clean_load_empties_the_file_of_errors(folder, tmp_path):
    out = tmp_path / "errors.csv"
    run(folder, "--organization", "tea", "--create", "--errors", str(out))
    assert as_rows(out.read_text("utf-8-sig")) == [["file", "row", "column", "code", "message", "value"]]
