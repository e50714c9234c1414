"""Adjustments for tests, brought as far as a test needs them."""

from __future__ import annotations

from typing import Any

from apps.counts.models import Count
from apps.organizations.models import Member
from apps.organizations.selectors import system_member
from apps.rectification.models import Adjustment
from apps.rectification.services import approve_adjustment, post_adjustment, propose_adjustment


def proposed(count: Count, **values: Any) -> Adjustment:
    values.setdefault("reason", "原因已查明部分先行调整")
    return propose_adjustment(count, actor=values.pop("actor", system_member()), **values)


def approved(count: Count, approver: Member, **values: Any) -> Adjustment:
    adjustment = proposed(count, **values)
    return approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=approver)


def posted(count: Count, approver: Member, **values: Any) -> Adjustment:
    return post_adjustment(approved(count, approver, **values), actor=system_member())
