from apps.movements.services.documents import (
    LineDraft,
    approve_document,
    cancel_document,
    change_document,
    create_document,
    submit_document,
)
from apps.movements.services.posting import post_document, reverse_document
from apps.movements.services.stock import OpeningDraft, open_stock, stock_line

__all__ = [
    "LineDraft",
    "OpeningDraft",
    "approve_document",
    "cancel_document",
    "change_document",
    "create_document",
    "open_stock",
    "post_document",
    "reverse_document",
    "stock_line",
    "submit_document",
]
