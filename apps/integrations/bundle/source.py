"""Opening a bundle: a folder, a zip of one, a workbook, or a single file of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Table, Workbook, extracted, kind_of, members, opened_archive, read_table
from apps.integrations.bundle.findings import Findings
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.headers import file_named

ENDINGS = (".gz", ".csv", ".txt", ".tsv", ".xlsx")


@dataclass(frozen=True)
class Part:
    """One file of a bundle: `name` is the format's, `open` reads its table."""

    name: str
    file_name: str
    open: Callable[[], Table]


@contextmanager
def opened_bundle(source: Path | IO[bytes], findings: Findings, *, file_name: str = "") -> Iterator[list[Part]]:
    """The parts in the order of loading. Raises RuleViolation where the bundle as a whole can't be read.

    Files that no format knows are noted and ignored; two files of one name are an error.
    """
    if isinstance(source, Path) and source.is_dir():
        yield _ordered(_folder(source), findings)
        return
    with closing(source.open("rb") if isinstance(source, Path) else source) as file:
        name = file_name or (source.name if isinstance(source, Path) else "")
        kind = kind_of(file, file_name=name)
        if kind == "zip":
            with opened_archive(file, file_name=name) as archive:
                parts = [
                    Part(_stem(m.name), m.name, lambda m=m: read_table(extracted(archive, m), file_name=m.name))  # type: ignore[misc]
                    for m in members(archive, file_name=name)
                    if not m.info.filename.startswith("__MACOSX/") and not m.name.startswith(".")
                ]
                yield _ordered(parts, findings)
        elif kind == "xlsx" and _stem(name) not in FORMATS:
            book = Workbook(file, file_name=name)
            yield _ordered([Part(_stem(s), s, lambda s=s: book.table(s)) for s in book.visible_sheets], findings)  # type: ignore[misc]
        else:
            yield _ordered([Part(_stem(name), name, lambda: read_table(file, file_name=name))], findings)


def _folder(folder: Path) -> list[Part]:
    return [
        Part(_stem(path.name), path.name, lambda path=path: read_table(path, file_name=path.name))  # type: ignore[misc]
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".")
    ]


def _stem(name: str) -> str:
    while name.lower().endswith(ENDINGS):
        name = name.rpartition(".")[0]
    return file_named(name)


def _ordered(parts: list[Part], findings: Findings) -> list[Part]:
    known: dict[str, Part] = {}
    for part in parts:
        if part.name not in FORMATS:
            findings.note(part.file_name, "", "unknown_file", _("This file is not known; ignored."))
        elif part.name in known:
            findings.add(
                part.name,
                0,
                "",
                "file_twice",
                _("The bundle has this twice: %(first)s and %(second)s.")
                % {"first": known[part.name].file_name, "second": part.file_name},
            )
        else:
            known[part.name] = part
    if not known:
        raise RuleViolation(
            "bundle_empty",
            _("There is nothing to load. The files or sheets must be called: %(names)s.")
            % {"names": ", ".join(FORMATS)},
        )
    return [known[name] for name in FORMATS if name in known]
