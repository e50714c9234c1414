from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.enums import Tracking
from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey


class Category(OrganizationOwned):
    """A branch of the item tree, named by its whole path: 食品/饮料."""

    path = models.CharField(_("path"), max_length=200)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["organization", "path"], name="category_path_once")]

    def __str__(self) -> str:
        return self.path


class Item(OrganizationOwned):
    """A thing that is counted. `sort_key` orders names by pinyin, because the database has no Chinese collation."""

    sku = models.CharField(_("item code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    sort_key = models.CharField(max_length=200, editable=False, default="")
    spec = models.CharField(_("specification"), max_length=200, blank=True)
    category = TenantForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("category")
    )
    base_unit = models.CharField(_("base unit"), max_length=20)
    standard_cost = QuantityField(_("standard cost"), default=Decimal(0))
    tracking = models.CharField(_("tracking"), max_length=10, choices=Tracking.choices, default=Tracking.NONE)
    shelf_life_days = models.PositiveIntegerField(_("shelf life in days"), null=True, blank=True)
    natural_loss_rate = models.DecimalField(
        _("natural loss rate"),
        max_digits=9,
        decimal_places=6,
        default=Decimal(0),
        help_text=_("Share of the quantity issued that may vanish by nature: 0.002 is 2 in 1,000."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["sku"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "sku"], name="item_sku_once"),
            models.CheckConstraint(condition=Q(standard_cost__gte=0), name="item_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(natural_loss_rate__gte=0, natural_loss_rate__lte=1),
                name="item_loss_rate_is_share",
            ),
        ]
        indexes = [models.Index(fields=["organization", "sort_key"], name="item_by_name")]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Unit(OrganizationOwned):
    """Another unit of an item: `factor` base units are in one of it."""

    item = TenantForeignKey(Item, models.CASCADE, related_name="units", verbose_name=_("item"))
    name = models.CharField(_("unit"), max_length=20)
    factor = QuantityField(_("factor"), help_text=_("How many base units are in one of this unit."))

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ["item", "factor"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "item", "name"], name="unit_once"),
            models.CheckConstraint(condition=Q(factor__gt=0), name="unit_factor_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class Barcode(OrganizationOwned):
    """A code on the goods: the item and the unit that one scan of it means (empty: the base unit)."""

    code = models.CharField(_("barcode"), max_length=60)
    item = TenantForeignKey(Item, models.CASCADE, related_name="barcodes", verbose_name=_("item"))
    unit = TenantForeignKey(
        Unit, models.CASCADE, null=True, blank=True, related_name="barcodes", verbose_name=_("unit")
    )

    class Meta:
        verbose_name = _("barcode")
        verbose_name_plural = _("barcodes")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="barcode_once")]

    def __str__(self) -> str:
        return self.code


class Lot(OrganizationOwned):
    """What is known of a lot or serial number of an item."""

    item = TenantForeignKey(Item, models.CASCADE, related_name="lots", verbose_name=_("item"))
    code = models.CharField(_("lot"), max_length=60)
    produced_on = models.DateField(_("produced on"), null=True, blank=True)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        ordering = ["item", "code"]
        constraints = [models.UniqueConstraint(fields=["organization", "item", "code"], name="lot_once")]

    def __str__(self) -> str:
        return self.code


class Warehouse(OrganizationOwned):
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=100)
    department = TenantForeignKey(
        "organizations.Department",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
    )
    storekeeper = TenantForeignKey(
        "organizations.Member",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("storekeeper"),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="warehouse_once")]

    def __str__(self) -> str:
        return self.name


class Location(OrganizationOwned):
    """A place in a warehouse (货位). The one with the empty code holds what has no place."""

    warehouse = TenantForeignKey(Warehouse, models.PROTECT, related_name="locations", verbose_name=_("warehouse"))
    code = models.CharField(_("code"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    zone = models.CharField(_("zone"), max_length=40, blank=True)
    walk_order = models.IntegerField(_("walking order"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ["warehouse", "walk_order", "code"]
        constraints = [models.UniqueConstraint(fields=["organization", "warehouse", "code"], name="location_once")]

    def __str__(self) -> str:
        return self.code or str(_("no place"))
