"""Everything that this app writes."""

from apps.integrations.services.loading import Loaded, load_bundle
from apps.integrations.services.pulls import request_pull, save_pull, visit_pull
from apps.integrations.services.uploads import (
    correct_rows,
    load_stored,
    map_columns,
    request_import,
    request_load,
    upload_files,
)

__all__ = [
    "Loaded",
    "correct_rows",
    "load_bundle",
    "load_stored",
    "map_columns",
    "request_import",
    "request_load",
    "request_pull",
    "save_pull",
    "upload_files",
    "visit_pull",
]
