"""What the project itself decides about requests: policy, sign-in, storage."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client, RequestFactory

from stockcheck.accounts import login_name
from stockcheck.security import PolicyMiddleware
from stockcheck.storage import storage_options


def policy(path: str) -> dict[str, str]:
    response = PolicyMiddleware(lambda request: HttpResponse())(RequestFactory().get(path))
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def test_pages_run_no_inline_code_and_load_nothing_from_outside() -> None:
    ours = policy("/counts/")
    assert ours["default-src"] == "'self'"
    assert ours["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert ours["style-src"] == "'self'"
    assert ours["object-src"] == "'none'"


def test_only_the_admin_may_evaluate() -> None:
    assert policy("/admin/")["script-src"] == "'self' 'wasm-unsafe-eval' 'unsafe-eval'"


@pytest.mark.django_db
def test_strangers_cannot_make_accounts(client: Client) -> None:
    response = client.post("/accounts/signup/", {"username": "x", "password1": "long-enough-1", "password2": "y"})
    assert next(template.name for template in response.templates) == "account/signup_closed.html"


@pytest.mark.django_db
def test_guessing_a_password_is_stopped(client: Client, settings: LazySettings) -> None:
    settings.AXES_ENABLED = True
    settings.ACCOUNT_RATE_LIMITS = False
    answers = [
        client.post("/accounts/login/", {"login": "zhou", "password": f"guess-{n}"}).status_code for n in range(11)
    ]
    assert answers == [200] * 9 + [429] * 2


def test_failed_sign_ins_are_counted_by_name_however_it_is_given() -> None:
    request = RequestFactory().post("/accounts/login/", {"login": " Zhou "})
    assert login_name(request, None) == "zhou"
    assert login_name(request, {"email": "Zhou@example.com", "password": "x"}) == "zhou@example.com"
    assert login_name(None, {}) is None


def test_files_are_local_and_have_no_address_by_default(tmp_path: Path) -> None:
    assert storage_options("", tmp_path)["OPTIONS"] == {"location": tmp_path, "base_url": None}


def test_storage_url_names_a_bucket(tmp_path: Path) -> None:
    options = storage_options("s3://key:se%2Fcret@minio:9000/files/stock?region=cn-1&insecure=1", tmp_path)
    assert options["BACKEND"] == "storages.backends.s3.S3Storage"
    assert options["OPTIONS"] == {
        "bucket_name": "files",
        "location": "stock",
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
        "endpoint_url": "http://minio:9000",
        "access_key": "key",
        "secret_key": "se/cret",
        "region_name": "cn-1",
    }


def test_an_unknown_storage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must start with s3"):
        storage_options("ftp://somewhere/files", tmp_path)
