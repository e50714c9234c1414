"""Who may see and write documents and stock.

Duties: an adjustment that is not the outcome of a count (there the count's own approval stands) needs two persons:
who entered it does not approve it, and posts it only when somebody else has approved it.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.core.permissions import declare

READERS = "owner manager controller finance auditor"


def _not_own_adjustment(actor: Any, document: Any) -> str | None:
    if document.doc_type != "adjustment" or document.operator_id != actor.pk:
        return None
    if document.approver_id is not None and document.approver_id != actor.pk:
        return None
    return _("You entered this adjustment. Somebody else must approve it before you can post it.")


def _not_own_document(actor: Any, document: Any) -> str | None:
    if document.operator_id != actor.pk:
        return None
    return _("You entered this document. Somebody else must approve it.")


declare(
    {
        "movements.stock.view": READERS,
        "movements.finance.view": READERS,
        "movements.stock.open": "owner manager",
        "movements.chain.view": READERS,
        "movements.chain.refresh": "owner manager controller finance",
        "movements.chain.limit": "owner manager",
        "movements.operator.view": "owner manager controller auditor",
        "movements.document.view": READERS,
        "movements.document.create": "manager controller finance",
        "movements.document.submit": "manager controller finance",
        "movements.document.approve": "manager finance",
        "movements.document.post": "manager controller finance",
        "movements.document.reverse": "manager controller finance",
        "movements.document.cancel": "manager controller finance",
    },
    duties={
        "movements.document.post": _not_own_adjustment,
        "movements.document.approve": _not_own_document,
    },
)
