"""Signed heads: the ends of the chains, kept in a folder that a database administrator does not own.

One line a commit: {"organization", "sequence", "hash", "at", "signature"}, Ed25519 over the other four.
The public key lies beside the heads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils import timezone


@cache
def _private_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(pem)
        try:
            os.link(draft, path)  # the first process wins, the others read what it wrote
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def private_key() -> Ed25519PrivateKey:
    return _private_key(Path(settings.SIGNING_KEYS_DIR) / "audit.pem")


def _message(row: dict[str, Any]) -> bytes:
    return "|".join(str(row[name]) for name in ("organization", "sequence", "hash", "at")).encode()


def heads_file(organization_id: UUID) -> Path:
    return Path(settings.AUDIT_HEADS_DIR) / f"{organization_id}.jsonl"


def write_head(organization_id: UUID, sequence: int, digest: str) -> None:
    """Append the signed end of a chain; called when the transaction that wrote it has committed."""
    row: dict[str, Any] = {
        "organization": str(organization_id),
        "sequence": sequence,
        "hash": digest,
        "at": timezone.now().isoformat(),
    }
    row["signature"] = private_key().sign(_message(row)).hex()
    path = heads_file(organization_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")


def public_key() -> str:
    """What checks the signatures of the heads, as PEM."""
    key = private_key().public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def read_heads(organization_id: UUID) -> Iterator[dict[str, Any]]:
    """Every head written for an organization; `valid` says whether its signature holds."""
    path = heads_file(organization_id)
    if not path.exists():
        return
    public: Ed25519PublicKey = private_key().public_key()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                public.verify(bytes.fromhex(row["signature"]), _message(row))
            except (ValueError, KeyError, InvalidSignature):
                yield {"valid": False, "sequence": 0, "hash": "", "at": ""}
            else:
                yield {**row, "valid": True}
