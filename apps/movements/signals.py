"""What movements ask and tell the floors above."""

from django.dispatch import Signal

before_posting = Signal()
"""(stock_line_ids, document, actor) inside the posting transaction, stock lines locked. Raise RuleViolation to stop it.

Not sent for history that a bundle brings, and not for the adjustment of a closed count."""

before_reversal = Signal()
"""(document, actor) inside the reversing transaction. Raise RuleViolation where another floor owns the document.

Not sent when the owner itself reverses (`ignore_freeze`)."""

posted = Signal()
"""(document, entries, actor) inside the posting transaction, after the ledger was written.

`entries` is a queryset of the entries just written; a reversal's document has `reverses`."""

hidden_locations = Signal()
"""(member) → ids of locations whose quantities the member must not see now (a blind count is running there)."""

story_wanted = Signal()
"""(item, places, member, since, until) → `selectors.story.Counted` rows of these stock lines in [since, until).

`places` holds only what the member may see now; since and until may be None."""
