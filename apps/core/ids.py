"""Primary keys: UUID version 7. They sort by time, and no id tells how many rows another company has."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7. In SQL the same is `stockcheck_uuid7()` (organizations' first migration)."""
    return uuid7()
