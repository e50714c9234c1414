from __future__ import annotations

from typing import Any

from apps.movements.api import chain, stock


def register(router: Any) -> None:
    for prefix, viewset, name in (*stock.VIEWSETS, *chain.VIEWSETS):
        router.register(prefix, viewset, name)
