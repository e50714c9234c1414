"""Writing the catalog. Every `save_…` creates or changes by the natural key; what is not given stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypedDict, TypeVar, Unpack

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.catalog.enums import Tracking
from apps.catalog.models import Barcode, Category, Item, Location, Lot, Unit, Warehouse
from apps.catalog.pinyin import sort_key
from apps.catalog.signals import measure_changing
from apps.core.errors import Conflict, RuleViolation
from apps.core.models import OrganizationOwned
from apps.core.permissions import require
from apps.organizations.models import Member

Row = TypeVar("Row", bound=OrganizationOwned)


class ItemValues(TypedDict, total=False):
    """What else an item has. `category` is a path (食品/饮料) or a category, None for none."""

    spec: str
    category: Category | str | None
    standard_cost: Decimal
    tracking: str
    shelf_life_days: int | None
    natural_loss_rate: Decimal
    is_active: bool


@audited("catalog.item.saved")
def save_item(sku: str, *, name: str, base_unit: str, actor: Member, **values: Unpack[ItemValues]) -> Item:
    """Create or change an item, by its code.

    The base unit and the tracking stay once stock was kept in them (`measure_changing` asks). A base unit that
    another unit of the item already names is refused ("unit_is_base").
    """
    require(actor, "catalog.item.change")
    sku = sku.strip()
    item = Item.objects.select_for_update().filter(sku=sku).first() or Item(sku=sku)
    tracking = values.get("tracking", item.tracking)
    if not item._state.adding and (base_unit.strip(), tracking) != (item.base_unit, item.tracking):
        measure_changing.send(sender=Item, item=item)
        if Unit.objects.filter(item=item, name=base_unit.strip()).exists():
            raise RuleViolation("unit_is_base", _("The base unit cannot also be another unit of the item."))
    if "category" in values:
        wanted = values.pop("category")
        if isinstance(wanted, str):
            wanted = save_category(wanted, actor=actor) if wanted.strip() else None
        item.category = wanted
    for field, value in values.items():
        setattr(item, field, value)
    item.name, item.base_unit = name.strip(), base_unit.strip()
    item.sort_key = sort_key(item.name)
    return _save(item)


@audited("catalog.category.saved")
def save_category(path: str, *, actor: Member) -> Category:
    """The category with this path, made if there is none. Spaces around the parts are dropped."""
    require(actor, "catalog.item.change")
    path = "/".join(part.strip() for part in path.split("/") if part.strip())
    return Category.objects.filter(path=path).first() or _save(Category(path=path))


@audited("catalog.unit.saved")
def save_unit(item: Item, *, name: str, factor: Decimal, barcode: str = "", actor: Member) -> Unit:
    """Create or change a unit of an item; `factor` base units are in one of it."""
    require(actor, "catalog.item.change")
    name = name.strip()
    if name == item.base_unit:
        raise RuleViolation("unit_is_base", _("“%(unit)s” is the base unit of this item.") % {"unit": name})
    unit = Unit.objects.filter(item=item, name=name).first() or Unit(item=item, name=name)
    unit.factor = factor
    _save(unit)
    if barcode.strip():
        save_barcode(barcode, item=item, unit=unit, actor=actor)
    return unit


@audited("catalog.barcode.saved")
def save_barcode(code: str, *, item: Item, unit: Unit | None = None, actor: Member) -> Barcode:
    """Let a code mean this item and unit. Raises Conflict("barcode_taken") if it means another item."""
    require(actor, "catalog.item.change")
    code = code.strip()
    barcode = Barcode.objects.select_related("item").filter(code=code).first() or Barcode(code=code, item=item)
    if barcode.item_id != item.pk:
        raise Conflict(
            "barcode_taken",
            _("The barcode %(code)s already means %(item)s. Remove it there first.")
            % {"code": code, "item": barcode.item},
        )
    if unit is not None and unit.item_id != item.pk:
        raise RuleViolation("unit_of_other_item", _("This unit belongs to another item."))
    barcode.unit = unit
    return _save(barcode)


@audited("catalog.barcode.removed")
def remove_barcode(barcode: Barcode, *, actor: Member) -> None:
    """Take a code off its item."""
    require(actor, "catalog.item.change")
    record(code=barcode.code, item=barcode.item.sku)
    barcode.delete()


@audited("catalog.lot.saved")
def save_lot(item: Item, code: str, *, actor: Member, **dates: Any) -> Lot:
    """What is known of a lot: `produced_on`, `expires_on`. Only for items that are tracked."""
    require(actor, "catalog.item.change")
    if item.tracking == Tracking.NONE:
        raise RuleViolation(
            "item_not_tracked", _("%(sku)s is not tracked by lot or serial number.") % {"sku": item.sku}
        )
    lot = Lot.objects.filter(item=item, code=code.strip()).first() or Lot(item=item, code=code.strip())
    for field in ("produced_on", "expires_on"):
        if field in dates:
            setattr(lot, field, dates[field])
    if lot.produced_on and lot.expires_on and lot.expires_on < lot.produced_on:
        raise RuleViolation("lot_dates", _("A lot cannot expire before it was produced."))
    return _save(lot)


@audited("catalog.warehouse.saved")
def save_warehouse(code: str, *, name: str, actor: Member, **values: Any) -> Warehouse:
    """Create or change a warehouse, by its code: `department`, `storekeeper`, `is_active`.

    A new warehouse gets its location without a code, for stock that has no place.
    """
    require(actor, "catalog.warehouse.change")
    code = code.strip()
    warehouse = Warehouse.objects.select_for_update().filter(code=code).first() or Warehouse(code=code)
    warehouse.name = name.strip()
    for field in ("department", "storekeeper", "is_active"):
        if field in values:
            setattr(warehouse, field, values[field])
    is_new = warehouse._state.adding
    _save(warehouse)
    if is_new:
        Location.objects.create(warehouse=warehouse)
    return warehouse


@audited("catalog.location.saved")
def save_location(warehouse: Warehouse, code: str, *, actor: Member, **values: Any) -> Location:
    """Create or change a location, by warehouse and code: `name`, `zone`, `walk_order`, `is_active`."""
    require(actor, "catalog.warehouse.change")
    code = code.strip()
    location = Location.objects.filter(warehouse=warehouse, code=code).first() or Location(
        warehouse=warehouse, code=code
    )
    if "walk_order" not in values and location._state.adding:
        last = Location.objects.filter(warehouse=warehouse).order_by("-walk_order").first()
        location.walk_order = last.walk_order + 1 if last and code else 0
    for field in ("name", "zone", "walk_order", "is_active"):
        if field in values:
            setattr(location, field, values[field])
    return _save(location)


def _save(row: Row) -> Row:
    """Validate and save. Raises RuleViolation("invalid") with every field that is wrong."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", _spoken(row, error)) from error
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            "saved_elsewhere", _("Somebody saved the same at this moment. Reload the page and look again.")
        ) from error
    return row


def _spoken(row: OrganizationOwned, error: ValidationError) -> str:
    parts = []
    for field, messages in error.message_dict.items():
        label = "" if field == NON_FIELD_ERRORS else f"{getattr(row._meta.get_field(field), 'verbose_name', field)}: "
        parts.append(label + " ".join(messages))
    return " ".join(parts)
