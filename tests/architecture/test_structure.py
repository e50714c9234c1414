"""Where code lives, and who may import whom."""

from __future__ import annotations

import importlib

import pytest
from importlinter.cli import lint_imports

from tests.architecture.code import APPS, BASE, services, sources

SHAPE = {
    "__init__", "admin", "api", "apps", "enums", "filters", "forms", "management", "migrations", "models",
    "permissions", "receivers", "selectors", "services", "signals", "tasks", "templatetags", "urls", "validators",
    "views",
}  # fmt: skip
OWN = {
    "counts": {"planning"},
    "audit": {"heads"},
    "catalog": {"labels", "pinyin"},
    "integrations": {"blanks", "bundle", "fetching", "layouts", "preview", "rework", "vault"},
    "organizations": {"authentication", "commands", "middleware", "platform_urls"},
    "rectification": {"content"},
    "reports": {"platform_urls", "rendering", "signing"},
    "variances": {"attribution"},
}
CORE = {
    "__init__", "admin", "api", "apps", "edges", "errors", "ids", "models", "numbers", "origin", "pagination", "pdf",
    "permissions", "sheets", "sheets_reading", "states", "templatetags", "tenancy", "terminal",
}  # fmt: skip
PLATFORM_READERS = {
    "apps/core/tenancy.py",
    "apps/organizations/selectors.py",
    "apps/organizations/services/jobs.py",
    "apps/reports/selectors/reports.py",
}


def files(app: str) -> set[str]:
    return {path.stem for path in (BASE / "apps" / app).iterdir() if path.name != "__pycache__"}


def test_imports_follow_the_floors_and_the_layers(capsys):
    assert lint_imports(config_filename=str(BASE / "pyproject.toml"), cache_dir=None) == 0, capsys.readouterr().out


def test_the_core_is_a_closed_list():
    assert files("core") == CORE


@pytest.mark.parametrize("app", [name for name in APPS if name != "core"])
def test_an_app_has_the_shape_of_all(app):
    assert files(app) - SHAPE - OWN.get(app, set()) == set()


@pytest.mark.parametrize("app", APPS)
def test_an_app_says_what_it_is(app):
    told = importlib.import_module(f"apps.{app}").__doc__ or ""
    assert ("\nLaws\n" in told, "Nouns" in told) == (True, True)


def test_every_public_service_says_its_rule():
    assert [name for name, service in services().items() if not (service.__doc__ or "").strip()] == []


def test_who_looks_across_organizations_is_a_short_list():
    found = {str(path) for path, text in sources(".py") if "all_organizations(" in text}
    assert found == PLATFORM_READERS


def test_nobody_goes_round_the_manager():
    """Only the three lines of defence may take themselves apart."""
    tricks = ("models.Manager()", "_base_manager", "get_base_manager", ".raw(", "stockcheck.platform")
    found = {
        (str(path), trick)
        for path, text in sources(".py")
        for trick in tricks
        if trick in text and str(path) != "apps/core/tenancy.py"
    }
    assert found == {("apps/audit/selectors.py", "_base_manager")}


def test_no_utils_and_no_todo():
    assert [str(path) for path, text in sources(".py", ".html") if path.stem == "utils" or "TODO" in text] == []
