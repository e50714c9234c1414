from apps.movements.models.chain import ChainFinding, ChainLink, ChainNode
from apps.movements.models.documents import Document, DocumentLine
from apps.movements.models.ledger import FinanceBalance, LedgerEntry, StockLine

__all__ = [
    "ChainFinding",
    "ChainLink",
    "ChainNode",
    "Document",
    "DocumentLine",
    "FinanceBalance",
    "LedgerEntry",
    "StockLine",
]
