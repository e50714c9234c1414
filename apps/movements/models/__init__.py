from apps.movements.models.documents import Document, DocumentLine
from apps.movements.models.ledger import FinanceBalance, LedgerEntry, StockLine

__all__ = ["Document", "DocumentLine", "FinanceBalance", "LedgerEntry", "StockLine"]
