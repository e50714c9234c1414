"""Reading and checking the chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.audit.enums import CHANNELS, DONE
from apps.audit.heads import read_heads
from apps.audit.models import AuditChain, AuditEntry
from apps.core.tenancy import require_organization_id


def verify_chain() -> list[str]:
    """Re-check the active organization's chain; returns what is wrong, an empty list if nothing is.

    Finds edited, deleted, re-ordered and inserted entries by recomputing every hash; a cut tail and a
    chain that was rewritten from the start by the signed heads, which the database does not hold.
    """
    problems: list[str] = []
    previous, sequence = "0" * 64, 0
    hashes: dict[int, str] = {}
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=2000):
        sequence += 1
        if entry.sequence != sequence:
            problems.append(_("Entry %(number)s is missing or out of order.") % {"number": sequence})
            sequence = entry.sequence
        if entry.previous_hash != previous or entry.computed_hash() != entry.hash:
            problems.append(_("Entry %(number)s was changed.") % {"number": entry.sequence})
        previous = hashes[entry.sequence] = entry.hash
    chain = AuditChain.objects.first()
    if (chain.sequence, chain.hash) != (sequence, previous) if chain else sequence:
        problems.append(_("The end of the chain does not match its last entry."))
    for head in read_heads(require_organization_id()):
        if not head["valid"]:
            problems.append(_("A signed head has been tampered with."))
        elif hashes.get(head["sequence"]) != head["hash"]:
            problems.append(
                _("Entry %(number)s does not match the signed head of %(at)s: the log was cut or rewritten.")
                % {"number": head["sequence"], "at": head["at"]}
            )
    return problems


NAMES = ("name", "username", "sku", "doc_no", "count_no", "adjustment_no", "code")
"""By which column a row is called, where an entry only has its id: the first that the model has."""


@dataclass(frozen=True)
class Told:
    """An entry in the reader's language: `what` was done to which `kind` of thing, and (label, before,
    after).
    """

    entry: AuditEntry
    what: str
    kind: str
    channel: str
    changes: list[tuple[str, Any, Any]]
    facts: list[tuple[str, Any]]


def told(entries: Iterable[AuditEntry]) -> list[Told]:
    """Entries to read: codes as words, columns by their labels, references by their names.

    Asks one query for each model that is referred to, however many entries there are.
    """
    rows = list(entries)
    names = _names(rows)
    return [_tell(entry, names) for entry in rows]


def _tell(entry: AuditEntry, names: dict[str, str]) -> Told:
    model = _model(entry.target_type)
    done = entry.action.rpartition(".")[2]
    changes = []
    for column, pair in entry.changes.items():
        field = _field(model, column)
        label = capfirst(field.verbose_name) if field is not None else column
        before, after = pair if isinstance(pair, list) else (pair, pair)
        changes.append((label, _value(field, before, names), _value(field, after, names)))
    return Told(
        entry,
        what=str(DONE.get(done, done)),
        kind=str(model._meta.verbose_name) if model is not None else entry.target_type,
        channel=str(CHANNELS.get(entry.channel, entry.channel)),
        changes=changes,
        facts=list(entry.facts.items()),
    )


def _model(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label) if label else None
    except LookupError:
        return None


def _field(model: type[models.Model] | None, column: str) -> Any:
    if model is None:
        return None
    try:
        return next(f for f in model._meta.concrete_fields if f.attname == column)
    except (StopIteration, FieldDoesNotExist):
        return None


def _value(field: Any, value: Any, names: dict[str, str]) -> Any:
    if field is None or value is None:
        return value
    if field.is_relation:
        return names.get(str(value), value)
    if field.choices and not isinstance(value, list):
        return dict(field.flatchoices).get(value, value)
    return value


def _names(entries: list[AuditEntry]) -> dict[str, str]:
    """What the rows are called whose ids the entries hold."""
    wanted: dict[type[models.Model], set[str]] = defaultdict(set)
    for entry in entries:
        model = _model(entry.target_type)
        for column, pair in entry.changes.items():
            field = _field(model, column)
            if field is not None and field.is_relation and isinstance(pair, list):
                wanted[field.related_model].update(value for value in pair if value)
    found: dict[str, str] = {}
    for related, ids in wanted.items():
        columns = {field.name for field in related._meta.concrete_fields}
        name = next((name for name in NAMES if name in columns), None)
        if name is not None:
            rows = related._base_manager.filter(pk__in=ids).values_list("pk", name)
            found.update({str(pk): text for pk, text in rows})
    return found
