from apps.movements.services.chain import refresh_chain, set_limit
from apps.movements.services.documents import (
    approve_document,
    cancel_document,
    change_document,
    create_document,
    submit_document,
)
from apps.movements.services.lines import LineDraft, StockMoves
from apps.movements.services.posting import post_document, reverse_document
from apps.movements.services.stock import OpeningDraft, lock_stock, open_stock, stock_line

__all__ = [
    "LineDraft",
    "OpeningDraft",
    "StockMoves",
    "approve_document",
    "cancel_document",
    "change_document",
    "create_document",
    "lock_stock",
    "open_stock",
    "post_document",
    "refresh_chain",
    "reverse_document",
    "set_limit",
    "stock_line",
    "submit_document",
]
