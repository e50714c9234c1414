"""Where uploaded and produced files live: a private local folder, or S3 and what speaks its language."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def storage_options(url: str, folder: Path) -> dict[str, Any]:
    """Turn ``STORAGE_URL`` into Django's storage options.

    ``s3://key:secret@host/bucket/prefix?region=…&insecure=1``; without host it is AWS, without key the
    role of the machine. Files are never public: every one is served by a view that asks for the permission.
    """
    if not url:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder, "base_url": None},
        }
    parts = urlsplit(url)
    if parts.scheme != "s3":
        raise ValueError(f"STORAGE_URL must start with s3://, not {parts.scheme}://")
    query = dict(parse_qsl(parts.query))
    bucket, _, prefix = parts.path.strip("/").partition("/")
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "location": prefix,
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
    }
    if parts.hostname:
        scheme = "http" if query.get("insecure") else "https"
        options["endpoint_url"] = f"{scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    if parts.username:
        options["access_key"] = unquote(parts.username)
        options["secret_key"] = unquote(parts.password or "")
    if "region" in query:
        options["region_name"] = query["region"]
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
