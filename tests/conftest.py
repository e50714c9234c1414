"""Fixtures of two companies. `organization` is active in every test that uses it; `twin` holds the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from apps.core.tenancy import organization_scope
from apps.organizations.models import Member, Organization, User
from apps.organizations.selectors import system_member
from apps.organizations.services import add_member, open_organization

PASSWORD = "stockcheck-test-1"


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def twin(db: None) -> Organization:
    return open_organization("twin", name="双生公司")


@pytest.fixture
def organization(db: None) -> Iterator[Organization]:
    """A company, and its scope for the length of the test."""
    opened = open_organization("alpha", name="甲公司")
    with organization_scope(opened):
        yield opened


@pytest.fixture
def system(organization: Organization) -> Member:
    return system_member()


@pytest.fixture
def person(organization: Organization) -> Callable[..., Member]:
    """person("zhou", "manager", "counter") → a member with a login and these roles, in the active organization."""

    def make(username: str, *roles: str, **values: Any) -> Member:
        code = Organization.objects.get(pk=system_member().organization_id).code
        user = User.objects.create_user(
            username=f"{username}.{code}", email=f"{username}@{code}.example.com", password=PASSWORD
        )
        return add_member(
            username, name=values.pop("name", username), roles=list(roles), user=user, actor=system_member(), **values
        )

    return make


@pytest.fixture
def browse() -> Callable[..., Client]:
    """browse(member) → a logged-in test client; its addresses are /o/<code>/…"""

    def make(member: Member, **extra: Any) -> Client:
        client = Client(**extra)
        client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
