"""Where the project keeps its code and its state."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
STATE_DIR = Path(os.environ.get("STATE_DIR") or BASE_DIR / ".state").resolve()


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file only its owner can read; it is complete before it gets its name.

    Without ``replace`` the first of several writers wins, and all of them read the same text afterwards.
    """
    private_folder(STATE_DIR)
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if replace:
        draft.replace(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return the text kept in a private file, made once."""
    if not path.exists():
        write_private(path, make(), replace=False)
    return path.read_text().strip()


def secret(path: Path) -> str:
    """Return the secret kept in a private file, made once."""
    return kept(path, lambda: secrets.token_urlsafe(48))
