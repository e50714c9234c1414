"""What the catalog asks the floors above."""

from django.dispatch import Signal

measure_changing = Signal()
"""(item) before an item's base unit or tracking changes. Raise RuleViolation where stock was kept in the old one."""
