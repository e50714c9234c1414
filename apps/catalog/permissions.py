from apps.core.permissions import declare

EVERYONE = "owner manager counter controller finance assignee auditor"

declare(
    {
        "catalog.item.view": EVERYONE,
        "catalog.item.change": "owner manager",
        "catalog.warehouse.view": EVERYONE,
        "catalog.warehouse.change": "owner manager",
    }
)
