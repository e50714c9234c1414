"""Deriving the chain anew: after loads and postings, by a job, in one set of statements for the organization."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import RuleViolation
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.movements.enums import DocumentType
from apps.movements.models import ChainNode
from apps.movements.services.chain import sql
from apps.organizations.models import Member, Organization

KIND = "movements.chain"

QUIET = timedelta(days=7)
LONGEST = timedelta(days=365)


@audited("movements.chain.refreshed")
def refresh_chain(*, actor: Member, as_of: datetime | None = None) -> Organization:
    """Derive links, findings and lags of all documents as they stand; writes only what changed.

    Ages count up to `as_of`: without it up to now, or, where no document has come for a week, up to where the
    documents end. An import that rests must not turn everything late.
    """
    require(actor, "movements.chain.refresh")
    now = timezone.now()
    parameters: dict[str, Any] = {
        "organization": require_organization_id(),
        "expect_source": list(sql.EXPECT_SOURCE),
        "habit": sql.HABIT,
        "harmless": sql.HARMLESS_KINDS,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('chain ' || %(organization)s::text, 0))", parameters
        )
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{table}' for table in sql.TABLES)}")
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        cursor.execute(sql.DATA_END, parameters)
        parameters["as_of"] = as_of or _reach(cursor.fetchone()[0], now)
        for statement in (sql.MAKE_TYPES, sql.MAKE_LINES, sql.MAKE_LINKS, sql.PASS_ON, sql.MAKE_LAGS, sql.MAKE_OPEN):
            cursor.execute(statement, parameters)
        cursor.execute("SET LOCAL enable_nestloop = on")
        for _round in range(sql.ROUNDS):
            cursor.execute(sql.GUESS, parameters)
            if not cursor.rowcount:
                break
        cursor.execute("ANALYZE chain_link; SET LOCAL enable_nestloop = off")
        for statement in (sql.MAKE_STATES, sql.FINDINGS, sql.UNPOSTED, sql.LATE, sql.NO_SOURCE, sql.DUPLICATED):
            cursor.execute(statement, parameters)
        for statement in (*sql.KEEP_LINKS, *sql.KEEP_FINDINGS, sql.KEEP_NODES):
            cursor.execute(statement, parameters)
        cursor.execute(sql.SUMMARY, parameters)
        links, guesses, breaks = cursor.fetchone()
        cursor.execute("SET LOCAL enable_nestloop = DEFAULT; SET LOCAL work_mem = DEFAULT")
    record(links=links, guesses=guesses, breaks=breaks)
    return Organization.objects.get(pk=require_organization_id())


def _reach(last: datetime | None, now: datetime) -> datetime:
    return last if last is not None and last < now - QUIET else now


@audited("movements.chain.limited")
def set_limit(doc_type: str, *, hours: int | None, actor: Member) -> ChainNode:
    """Set how many hours the next document may take; None goes back to the shipped limit.

    It holds from the next refresh on. Raises RuleViolation("limit_range") beyond 1 hour to a year.
    """
    require(actor, "movements.chain.limit")
    limit = None if hours is None else timedelta(hours=hours)
    if limit is not None and not timedelta(hours=1) <= limit <= LONGEST:
        raise RuleViolation("limit_range", _("A limit lies between 1 hour and 8,760 hours (a year)."))
    node, _new = ChainNode.objects.select_for_update().get_or_create(doc_type=DocumentType(doc_type))
    node.limit = limit
    node.save()
    return node
