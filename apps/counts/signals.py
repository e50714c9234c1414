"""What counts tell the floors above."""

from django.dispatch import Signal

count_released = Signal()
"""(count, actor) inside the releasing transaction. A receiver may raise RuleViolation to stop it."""

count_closed = Signal()
"""(count, actor) inside the closing transaction, when the five numbers of every line are settled."""
