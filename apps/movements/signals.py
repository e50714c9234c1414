"""What movements ask and tell the floors above."""

from django.dispatch import Signal

before_posting = Signal()
"""(stock_line_ids, document, actor) inside the posting transaction, stock lines locked. Raise RuleViolation to stop it.

Not sent for history that a bundle brings, and not for the adjustment of a closed count."""

posted = Signal()
"""(document, entries, actor) inside the posting transaction, after the ledger was written."""
