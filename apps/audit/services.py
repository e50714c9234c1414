"""The one way to write: `@audited` services."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from apps.audit.heads import write_head
from apps.audit.models import AuditChain, AuditEntry
from apps.core.ids import new_id
from apps.core.models import Entity
from apps.core.origin import current_origin
from apps.core.tenancy import require_organization_id

ACTIONS: dict[str, Callable[..., Any]] = {}

_SECRET = ("password", "secret", "token", "key_hash", "digest")

Service = TypeVar("Service", bound=Callable[..., Any])


@dataclass
class _Frame:
    """Entries waiting to be written at the end of the outermost service."""

    correlation: UUID
    entries: list[AuditEntry] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)


_frame: ContextVar[_Frame | None] = ContextVar("audit_frame", default=None)


def plain(value: Any) -> Any:
    """A value as the audit log keeps it: numbers and times as text, so that the hash is stable."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (UUID, date)):
        return str(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def hidden(value: Any, name: str = "") -> Any:
    """`value` with everything whose name says that it is secret left out, however deep."""
    if any(word in name for word in _SECRET):
        return "…"
    if isinstance(value, dict):
        return {key: hidden(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [hidden(inner) for inner in value]
    return value


def record(**facts: Any) -> None:
    """Add facts to the entry of the service that is running: record(lines=12)."""
    frame = _frame.get()
    if frame is None:
        raise RuntimeError("record() belongs inside an audited service")
    frame.facts[-1].update(hidden(plain(facts)))


_NOTHING: dict[str, Any] = {}


def changed_nothing() -> None:
    """Say that the running service found everything as it was wanted: what was sent twice leaves one entry."""
    frame = _frame.get()
    if frame is None:
        raise RuntimeError("changed_nothing() belongs inside an audited service")
    frame.facts[-1] = _NOTHING


def audited(action: str) -> Callable[[Service], Service]:
    """Make a service one transaction with exactly one audit entry about what it returns.

    The service takes `actor` (a member) as keyword and returns the object it wrote (or None where the
    facts say all). Codes are "<app>.<noun>.<past participle>" and unique.
    """

    def decorate(service: Service) -> Service:
        if action in ACTIONS:
            raise ValueError(f"audit action {action} is used twice")

        @functools.wraps(service)
        def run(*args: Any, actor: Any, **kwargs: Any) -> Any:
            outer = _frame.get()
            frame = outer or _Frame(new_id())
            token = _frame.set(frame)
            frame.facts.append({})
            waiting = len(frame.entries)
            try:
                with transaction.atomic():
                    target = service(*args, actor=actor, **kwargs)
                    if frame.facts[-1] is not _NOTHING:
                        frame.entries.append(_entry(action, actor, target, frame))
                    if outer is None and frame.entries:
                        _write(frame.entries)
                return target
            except BaseException:
                del frame.entries[waiting:]
                raise
            finally:
                frame.facts.pop()
                _frame.reset(token)

        run.audit_action = action  # type: ignore[attr-defined]
        run.__signature__ = inspect.signature(service)  # type: ignore[attr-defined]
        ACTIONS[action] = run
        return run  # type: ignore[return-value]

    return decorate


def _entry(action: str, actor: Any, target: Any, frame: _Frame) -> AuditEntry:
    origin = current_origin()
    entry = AuditEntry(
        organization_id=require_organization_id(),
        occurred_at=timezone.now(),
        actor_id=getattr(actor, "pk", None),
        actor_name=str(actor)[:150],
        action=action,
        facts=dict(frame.facts[-1]),
        correlation=frame.correlation,
        channel=origin.channel,
        address=origin.address,
    )
    if isinstance(target, models.Model):
        entry.target_type = target._meta.label
        entry.target_id = str(target.pk)
        entry.target_name = str(target)[:200]
        if isinstance(target, Entity):
            changes = {k: v for k, v in target.changed_values().items() if k not in ("id", "organization_id")}
            entry.changes = hidden(plain(changes))
            target.settle_values()
    return entry


def _write(entries: list[AuditEntry]) -> None:
    organization_id = require_organization_id()
    AuditChain.objects.bulk_create([AuditChain()], ignore_conflicts=True)
    chain = AuditChain.objects.select_for_update().get()
    for entry in entries:
        chain.sequence += 1
        entry.sequence, entry.previous_hash = chain.sequence, chain.hash
        entry.hash = chain.hash = entry.computed_hash()
    AuditEntry.objects.bulk_create(entries)
    chain.save(update_fields=["sequence", "hash"])
    sequence, digest = chain.sequence, chain.hash
    transaction.on_commit(lambda: write_head(organization_id, sequence, digest))
