"""Secrets at rest: encrypted with a key that comes from the instance's own: a copy of the database tells none."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation


def _box() -> Fernet:
    key = hashlib.sha256(b"stockcheck import secrets " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def locked(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode() if secret else ""


def opened(text: str) -> str:
    """Raises RuleViolation("secret_lost") where the instance's key is another one by now."""
    if not text:
        return ""
    try:
        return _box().decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise RuleViolation(
            "secret_lost", _("The stored password cannot be read any more. Please enter it again.")
        ) from error
