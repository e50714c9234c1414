#!/usr/bin/env python
"""Django's command line; starts the embedded database for the commands that need one."""

import os
import sys

from django.core.management import execute_from_command_line

from stockcheck.machine import database

WITHOUT_DATABASE = {
    "", "check_translations", "collectstatic", "compilemessages", "diffsettings", "doctor", "findstatic",
    "help", "makemessages", "startapp", "startproject", "version",
}  # fmt: skip


def main() -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcheck.settings")
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if command not in WITHOUT_DATABASE and not {"-h", "--help", "--version"} & set(sys.argv):
        database.ensure()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
