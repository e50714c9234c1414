"""Stock on the pages of lower floors: the item's page belongs to the catalog, which knows no quantities."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Sum

from apps.catalog.models import Item
from apps.core.permissions import may
from apps.movements.selectors import hidden_location_ids, stock_card, stock_now, visible_stock_lines

register = template.Library()

PLACES = 50
MOVEMENTS = 20


@register.inclusion_tag("movements/item_stock.html", takes_context=True)
def item_stock(context: template.Context, item: Item) -> dict[str, Any]:
    """Stock of an item by place and its latest movements, as far as the member may see them now."""
    request = context["request"]
    if not may(request.member, "movements.stock.view"):
        return {"allowed": False}
    hidden = hidden_location_ids(request.member)
    lines = visible_stock_lines(request.member, hidden=hidden).filter(item=item).exclude(quantity=0)
    places = stock_now(lines).order_by("warehouse__code", "location__walk_order", "location__code", "lot")
    return {
        "allowed": True,
        "item": item,
        "organization": request.organization,
        "places": places[:PLACES],
        "total": lines.aggregate(total=Sum("quantity"))["total"],
        "card": stock_card(request.member, item, limit=MOVEMENTS),
        "hidden": bool(hidden),
    }
