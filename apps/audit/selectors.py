"""Reading and checking the chain."""

from __future__ import annotations

from django.utils.translation import gettext as _

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
