"""Where benchmarks run: a database and folders of their own, gone when they end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def throwaway_database() -> Iterator[None]:
    """An empty, migrated database on the machine's own server; Django is set up for it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            TEST_SUFFIX="_bench",
            AUDIT_HEADS_DIR=f"{folder}/heads",
            SIGNING_KEYS_DIR=f"{folder}/keys",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="stockcheck.settings",
        )
        from stockcheck.machine import database

        database.ensure()
        import django

        django.setup()
        from django.conf import settings
        from django.db import connection
        from django.test.utils import override_settings

        stored = {**settings.STORAGES["default"], "OPTIONS": {"location": f"{folder}/media"}}
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            with override_settings(STORAGES={**settings.STORAGES, "default": stored}):
                yield
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)
