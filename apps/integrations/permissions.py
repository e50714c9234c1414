"""Who may bring data in. Files of people, settings and master data ask for the same rights as their pages."""

from apps.core.permissions import declare

declare({"integrations.bundle.load": "owner manager controller", "integrations.pull.change": "owner manager"})

FILES = {
    "departments": "organizations.settings.change",
    "staff": "organizations.member.change",
    "warehouses": "catalog.warehouse.change",
    "locations": "catalog.warehouse.change",
    "items": "catalog.item.change",
    "units": "catalog.item.change",
}
"""What a bundle's file needs on top, where it would change anything."""
