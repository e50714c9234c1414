"""Rows of organizations, made through its services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.organizations.models import Job, Member, SupportGrant, User
from apps.organizations.services import grant_support, request_job


def make_operator(username: str = "operator") -> User:
    return User.objects.create_superuser(username, f"{username}@platform.example.com", "stockcheck-test-1")


def make_grant(owner: Member, operator: User, **values: Any) -> SupportGrant:
    until = values.pop("until", timezone.now() + timedelta(days=1))
    return grant_support(operator, reason="盘点导入失败", until=until, actor=owner, **values)


def make_job(actor: Member, *, kind: str = "tests.sleep", key: str = "1", **arguments: Any) -> Job:
    return request_job(kind, key=key, actor=actor, **arguments)
