"""Pytest plugin: the suite's environment, and a database server for as long as the suite runs."""

import os

import pytest

os.environ["TESTING"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the embedded server before Django's settings are read (each xdist worker holds its own lease)."""
    from stockcheck.machine import database

    database.ensure()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under ``CI=true`` a skipped test is a failure: everything that a test needs has to be there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CI") == "true":
        reporter.write_line(f"{len(skipped)} tests were skipped, which CI does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
