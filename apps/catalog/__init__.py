"""What is kept, and where: items, units, barcodes, lots, warehouses, locations.

Nouns: category (a path), item (sku), unit (of an item, with its factor to the base unit), barcode, lot, warehouse,
location (货位; every warehouse has one without a code, for stock that has no place).

Laws
- An item's base unit never changes once stock was kept in it; every other unit says how many base units are in one.
- A barcode means one item and unit within an organization.

It holds no quantities: stock is the business of movements.
"""
