"""Fetching files from a folder, SFTP or the web, from places that are allowed, and no larger than an upload may be.

An address is resolved once and every answer looked at; the connection goes to what was looked at, so that a name which
changes its mind leads nowhere. Redirects are not followed.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ipaddress
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import paramiko
from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import MAX_FILE

SECONDS = 30
MOST = 20


@dataclass(frozen=True)
class Place:
    """Where to look: `address` as a person wrote it, `root` the organization's own folder on this server."""

    kind: str
    address: str
    pattern: str
    username: str
    secret: str
    host_key: str
    root: Path


@dataclass(frozen=True)
class Fetched:
    """A file that is new: `version` tells it from the next one of its name."""

    name: str
    version: str
    content: bytes


def fetch(place: Place, seen: dict[str, str]) -> tuple[list[Fetched], str]:
    """The files that are not `seen` yet, oldest names first, at most `MOST`, and the host key of the server.

    Raises RuleViolation: `pull_address`, `pull_forbidden`, `pull_unreachable`, `pull_host_key`, `file_too_large`.
    """
    try:
        if place.kind == "folder":
            return list(_from_folder(place, seen)), ""
        if place.kind == "sftp":
            return _from_sftp(place, seen)
        return list(_from_web(place, seen)), ""
    except (OSError, paramiko.SSHException, http.client.HTTPException, EOFError) as error:
        raise RuleViolation(
            "pull_unreachable", _("Nothing could be fetched: %(reason)s") % {"reason": str(error)[:150]}
        ) from error


def folder_of(place: Place) -> Path:
    """The folder that is meant, inside the organization's own. Raises RuleViolation("pull_forbidden")."""
    root = place.root.resolve()
    folder = (root / place.address.lstrip("/")).resolve()
    if not folder.is_relative_to(root):
        raise RuleViolation("pull_forbidden", _("This folder lies outside of the organization's own."))
    return folder


def _from_folder(place: Place, seen: dict[str, str]) -> Iterator[Fetched]:
    folder = folder_of(place)
    if not folder.is_dir():
        raise RuleViolation("pull_address", _("There is no such folder: %(folder)s") % {"folder": place.address or "/"})
    found = 0
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.is_symlink() or not fnmatch(path.name, place.pattern):
            continue
        said = path.stat()
        version = f"{said.st_mtime_ns}-{said.st_size}"
        if seen.get(path.name) != version and found < MOST:
            found += 1
            yield Fetched(path.name, version, _whole(path.name, said.st_size, path.read_bytes))


def _from_sftp(place: Place, seen: dict[str, str]) -> tuple[list[Fetched], str]:
    parts = urlsplit(place.address)
    if parts.scheme != "sftp" or not parts.hostname:
        raise RuleViolation("pull_address", _("An SFTP address looks like sftp://host/folder."))
    with connected(parts.hostname, parts.port or 22) as line, closing(paramiko.Transport(line)) as transport:
        transport.banner_timeout = transport.auth_timeout = SECONDS
        transport.start_client(timeout=SECONDS)
        key = base64.b64encode(hashlib.sha256(transport.get_remote_server_key().asbytes()).digest()).decode()
        if place.host_key and place.host_key != key:
            raise RuleViolation(
                "pull_host_key",
                _("The server is not the one it was. If it was renewed, clear its key here and try again."),
            )
        transport.auth_password(place.username, place.secret)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        found: list[Fetched] = []
        folder = unquote(parts.path) or "."
        for entry in sorted(client.listdir_attr(folder), key=lambda each: each.filename):
            size = entry.st_size or 0
            version = f"{entry.st_mtime}-{size}"
            if not stat.S_ISREG(entry.st_mode or 0) or not fnmatch(entry.filename, place.pattern):
                continue
            if seen.get(entry.filename) == version or len(found) >= MOST:
                continue
            path = str(PurePosixPath(folder) / entry.filename)
            found.append(
                Fetched(entry.filename, version, _whole(entry.filename, size, lambda p=path: _read(client, p)))
            )  # type: ignore[misc]
        return found, key


def _read(client: paramiko.SFTPClient, path: str) -> bytes:
    with client.open(path) as file:
        return file.read(MAX_FILE + 1)


def _from_web(place: Place, seen: dict[str, str]) -> Iterator[Fetched]:
    parts = urlsplit(place.address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise RuleViolation("pull_address", _("A web address looks like https://host/file.csv."))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    line = connected(parts.hostname, port)
    if parts.scheme == "https":
        line = ssl.create_default_context().wrap_socket(line, server_hostname=parts.hostname)
    web = http.client.HTTPConnection(parts.hostname, port, timeout=SECONDS)
    web.sock = line
    with closing(web):
        headers = {"User-Agent": "stockcheck", "Accept": "*/*"}
        if place.username:
            pair = base64.b64encode(f"{place.username}:{place.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        web.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers)
        answer = web.getresponse()
        if answer.status != 200:
            raise RuleViolation("pull_unreachable", _("The address answered %(status)s.") % {"status": answer.status})
        name = PurePosixPath(unquote(parts.path)).name or "download.csv"
        content = _whole(name, int(answer.headers.get("Content-Length") or 0), lambda: answer.read(MAX_FILE + 1))
    version = hashlib.sha256(content).hexdigest()
    if seen.get(name) != version:
        yield Fetched(name, version, content)


def connected(host: str, port: int) -> socket.socket:
    """A connection to a host whose every address is public, unless the instance allows its own network.

    Raises RuleViolation("pull_forbidden").
    """
    found = [answer[4] for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not settings.IMPORT_PRIVATE_NETWORKS:
        for address in found:
            number = ipaddress.ip_address(str(address[0]).partition("%")[0])
            inner = getattr(number, "ipv4_mapped", None) or number
            if not inner.is_global or inner.is_multicast:
                raise RuleViolation(
                    "pull_forbidden", _("This address belongs to an inner network and is not fetched from.")
                )
    return socket.create_connection((str(found[0][0]), port), timeout=SECONDS)


def _whole(name: str, size: int, read: object) -> bytes:
    content = b"" if size > MAX_FILE else read()  # type: ignore[operator]
    if size > MAX_FILE or len(content) > MAX_FILE:
        raise RuleViolation("file_too_large", _("%(file)s is too large.") % {"file": name})
    return bytes(content)
