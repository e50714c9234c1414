"""Who calls, and what came back: status and readable text, whatever the file; what was asked for, overheard."""

from __future__ import annotations

import io
import json
import re
import subprocess
import traceback
import zipfile
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pikepdf
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.utils.datastructures import MultiValueDict

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANGING = re.compile(
    r'csrf-token" content="\w+"|name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|"csrfToken": ?"\w+"'
    r'|/invitations/[\w-]+/|"(?:secret|token)": ?"\w+"'
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+"
)

overheard: set[str] = set()
"""Names that the view of the last request looked for in its query, its form and its files."""


class _Overheard:
    """A dictionary of request data that notes which names are looked for."""

    def __getitem__(self, key: str) -> Any:
        overheard.add(key)
        return super().__getitem__(key)  # type: ignore[misc]

    def __contains__(self, key: object) -> bool:
        overheard.add(str(key))
        return super().__contains__(key)  # type: ignore[misc]

    def get(self, key: str, default: Any = None) -> Any:
        overheard.add(key)
        return super().get(key, default)  # type: ignore[misc]

    def getlist(self, key: str, default: Any = None) -> Any:
        overheard.add(key)
        return super().getlist(key, default)  # type: ignore[misc]


class OverheardQuery(_Overheard, QueryDict):
    pass


class OverheardFiles(_Overheard, MultiValueDict):
    pass


def listening(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """The matrix's own middleware, outermost."""

    def middleware(request: Any) -> Any:
        request.GET = OverheardQuery(request.META.get("QUERY_STRING", ""))
        if request.content_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
            sent = OverheardQuery(mutable=True)
            for name, values in request.POST.lists():
                sent.setlist(name, values)
            sent._mutable = False
            request._files = OverheardFiles(dict(request.FILES.lists()))
            request.POST = sent
        return get_response(request)

    return middleware


class Answer:
    """A status, and everything readable of the body."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.location: str = response.headers.get("Location", "")
        self.kind: str = response.headers.get("Content-Type", "").partition(";")[0]
        content = b"".join(response.streaming_content) if response.streaming else response.content
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.body: str = readable(content)
        self.text: str = f"{headers}\n{response.cookies.output()}\n\n{self.body}"
        self.error = ""

    @property
    def uuids(self) -> set[str]:
        return set(UUID_TEXT.findall(self.text))


def readable(content: bytes) -> str:
    """A body as text: workbooks and archives unpacked, the words and the attachments of a PDF."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(readable(archive.read(name)) for name in archive.namelist())
    if content[:5] == b"%PDF-":
        return _pdf_text(content)
    return content.decode("utf-8", errors="replace")


@lru_cache(maxsize=64)
def _pdf_text(content: bytes) -> str:
    words = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True).stdout
    with pikepdf.open(io.BytesIO(content)) as document:
        attached = [readable(found.get_file().read_bytes()) for found in document.attachments.values()]
        facts = [str(document.docinfo)]
    return "\n".join([words.decode(), *facts, *attached])


def _told(exc_info: Any) -> str:
    """An exception in a line, without what it holds: a context of a template would read rows to show itself."""
    kind, error, trace = exc_info
    last = traceback.extract_tb(trace)[-1]
    said = next((argument for argument in error.args if isinstance(argument, str)), "")
    return f"{kind.__name__}({said[:200]!r}) in {last.name}"


class BareClient(Client):
    """Django's test client without what it records of templates and cookies: answers only, and fast."""

    def request(self, **request: Any) -> Any:
        self.exc_info = None
        response = self.handler(self._base_environ(**request))
        response.exc_info = self.exc_info
        return response


class Caller:
    """Somebody at a browser or a program; what a request writes is taken back, whatever it answers.

    What waits for the end of the transaction (mail, mostly) runs before that.
    """

    def __init__(self, role: str, **headers: str) -> None:
        self.role = role
        self.client = BareClient(raise_request_exception=False, headers=headers)
        self.calls = 0
        self.called: set[str] = set()

    def __call__(
        self, route: str, method: str, path: str, body: Any = None, *, as_json: bool = False, **headers: str
    ) -> Answer:
        client, waiting = self.client, len(connection.run_on_commit)
        overheard.clear()
        got_request_exception.connect(client.store_exc_info)
        point = transaction.savepoint()
        try:
            if as_json:
                text = json.dumps(body, ensure_ascii=False)
                response = client.generic(method, path, text, content_type="application/json", headers=headers)
            elif body is not None:
                response = client.post(path, body, headers=headers)
            else:
                response = client.generic(method, path, headers=headers)
            answer = Answer(response)
            if answer.status >= 500 and response.exc_info:
                answer.error = _told(response.exc_info)
            for _sids, run, _robust in connection.run_on_commit[waiting:]:
                run()
            return answer
        finally:
            got_request_exception.disconnect(client.store_exc_info)
            transaction.savepoint_rollback(point)
            self.calls += 1
            self.called.add(route)
