"""Pytest plugin: the suite's environment, and a database server for as long as the suite runs."""

import os

import pytest

os.environ["TESTING"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the embedded server before Django's settings are read (each xdist worker holds its own lease)."""
    from stockcheck.machine import database

    database.ensure()
