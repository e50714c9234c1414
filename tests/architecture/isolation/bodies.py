"""What requests say: names that refer to rows, and plausible values for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework import serializers

from tests.architecture.code import APPS, modules

NAMES = {
    "actor": "organizations.Member",
    "adjustment": "rectification.Adjustment",
    "approver": "organizations.Member",
    "assignee": "organizations.Member",
    "category": "catalog.Category",
    "cause": "variances.Cause",
    "cause_type": "variances.CauseType",
    "count": "counts.Count",
    "count_entries": "counts.CountEntry",
    "count_entry": "counts.CountEntry",
    "counter": "organizations.Member",
    "counters": "organizations.Member",
    "department": "organizations.Department",
    "document": "movements.Document",
    "document_line": "movements.DocumentLine",
    "document_lines": "movements.DocumentLine",
    "entry": "counts.CountEntry",
    "item": "catalog.Item",
    "job": "organizations.Job",
    "line": "counts.CountLine",
    "lines": "counts.CountLine",
    "location": "catalog.Location",
    "locations": "catalog.Location",
    "manager": "organizations.Member",
    "member": "organizations.Member",
    "members": "organizations.Member",
    "operator": "organizations.User",
    "person": "organizations.Member",
    "recipients": "organizations.Member",
    "report": "reports.Report",
    "stock_line": "movements.StockLine",
    "storekeeper": "organizations.Member",
    "target_id": "variances.Variance",
    "task": "counts.CountTask",
    "to_location": "catalog.Location",
    "to_warehouse": "catalog.Warehouse",
    "unit": "catalog.Unit",
    "variance": "variances.Variance",
    "variances": "variances.Variance",
    "warehouse": "catalog.Warehouse",
}
"""Names under which requests refer to rows, beyond those of the forms."""

JUNK = ("", "\0", "９" * 40, "-1", "0" * 32, "x'\"<>%", "2024-02-30", "1e999")
"""What no field can mean: each has to be answered, never with a crash."""

JSON_JUNK = (None, [], {}, [None], [{}], {"x": []}, True, -1, 10**30, "", "x\0", "9" * 400, "2024-02-30", "NaN")

BROKEN_FILES = {
    "x.xlsx": b"PK\x03\x04 cut short",
    "x.csv": '货位,编码\0,数量\n,,,,\n"'.encode("gb18030"),
    "empty.csv": b"",
    "x.pdf": b"%PDF-1.7 no more",
    "../../x.zip": b"PK\x05\x06" + bytes(18),
    "x.exe": b"MZ" + bytes(64),
}


@dataclass
class Refer:
    """How a request names rows: by `ids` of models and by a code."""

    ids: dict[str, Any]
    code: str

    def of(self, label: str) -> str:
        return str(self.ids.get(label) or self.ids["catalog.Item"])

    @property
    def words(self) -> list[str]:
        return [*map(str, self.ids.values()), self.code]


@cache
def form_fields() -> dict[str, forms.Field]:
    """Every field of every form of ours, by name; a reference wins over a plain field of the same name."""
    found: dict[str, forms.Field] = {}
    for app in APPS:
        for name in ("forms", "views", "filters"):
            for module in modules(f"apps.{app}.{name}"):
                for thing in vars(module).values():
                    if isinstance(thing, type) and issubclass(thing, forms.BaseForm):
                        for field_name, form_field in thing.base_fields.items():
                            if field_name not in found or isinstance(form_field, forms.ModelChoiceField):
                                found[field_name] = form_field
    return found


def label_of(name: str) -> str:
    """The model that a name in a query or a form refers to, "" where it is not known to refer to any."""
    model = getattr(getattr(form_fields().get(name), "queryset", None), "model", None)
    return model._meta.label if model is not None else NAMES.get(name, "")


def form_value(name: str, refer: Refer) -> Any:
    if label := label_of(name):
        return refer.of(label)
    field = form_fields().get(name)
    if isinstance(field, forms.FileField):
        return SimpleUploadedFile("sheet.csv", sheet(refer))
    if isinstance(field, forms.MultipleChoiceField):
        return [key for key, _label in list(field.choices)[:1]]
    if isinstance(field, forms.ChoiceField):
        return next((key for key, _label in field.choices if key and not isinstance(key, tuple)), "")
    if isinstance(field, forms.BooleanField):
        return "on"
    if isinstance(field, forms.DateTimeField):
        return "2024-01-02T03:04"
    if isinstance(field, forms.DateField):
        return "2024-01-02"
    if isinstance(field, (forms.DecimalField, forms.IntegerField)):
        return "1"
    if isinstance(field, forms.EmailField):
        return "x@example.com"
    return "x1"


def sheet(refer: Refer) -> bytes:
    """A file that names rows by code and by id, under the headings of the count sheet and of the bundle."""
    code = refer.code
    rows = [
        "货位,商品编码,批次,实盘数量,单位,备注,location,sku,lot,counted,unit,note,task",
        f"{code},{code},,1,件,,{code},{code},,1,件,,{refer.of('counts.CountTask')}",
    ]
    return "\n".join(rows).encode()


def api_body(view: Any, refer: Refer) -> dict[str, Any]:
    """One body for every serializer that a viewset names, whichever it chooses."""
    body: dict[str, Any] = {}
    for serializer in _serializers(view):
        body |= _filled(serializer, refer)
    return body


def _serializers(view: Any) -> Iterator[Any]:
    named = [getattr(view, name) for name in dir(view) if "serializer" in name]
    for thing in [*named, *(value for one in named if isinstance(one, dict) for value in one.values())]:
        if isinstance(thing, type) and issubclass(thing, serializers.Serializer):
            yield thing()


def _filled(serializer: Any, refer: Refer) -> dict[str, Any]:
    return {name: _value(name, one, refer) for name, one in serializer.fields.items() if not one.read_only}


def _value(name: str, one: Any, refer: Refer) -> Any:
    if isinstance(one, serializers.ManyRelatedField):
        return [_value(name, one.child_relation, refer)]
    if isinstance(one, serializers.ListSerializer):
        return [_filled(one.child, refer)]
    if isinstance(one, serializers.Serializer):
        return _filled(one, refer)
    if isinstance(one, serializers.SlugRelatedField):
        return refer.code
    if isinstance(one, serializers.PrimaryKeyRelatedField):
        return refer.of(label_of(name) or one.get_queryset().model._meta.label)
    if isinstance(one, serializers.ListField):
        return [_value(name, one.child, refer)]
    if isinstance(one, serializers.UUIDField):
        return refer.of(label_of(name))
    if isinstance(one, serializers.ChoiceField):
        return next(iter(one.choices), "")
    if isinstance(one, (serializers.DecimalField, serializers.IntegerField)):
        return "1"
    if isinstance(one, serializers.BooleanField):
        return True
    if isinstance(one, serializers.DateTimeField):
        return "2024-01-02T03:04:05+08:00"
    if isinstance(one, serializers.DateField):
        return "2024-01-02"
    if isinstance(one, (serializers.DictField, serializers.JSONField)):
        return {}
    if isinstance(one, serializers.EmailField):
        return "x@example.com"
    if isinstance(one, serializers.FileField):
        return None
    return refer.code
