"""What every API endpoint does the same way."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import APIException

from apps.core.errors import RuleViolation


class RefusedByRule(APIException):
    """The first error is the rule's message, then one for each row that it names."""

    def __init__(self, error: RuleViolation) -> None:
        super().__init__([error.message, *map(str, error.rows)], error.code)
        self.status_code = error.status


class RuleViolationHandler(ExceptionHandler):
    """A RuleViolation becomes 422 (403, 409) with its code and its translated message."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, RuleViolation):
            return RefusedByRule(exc)
        return super().convert_known_exceptions(exc)


class OrganizationViewSet(viewsets.GenericViewSet):
    """Base of all: querysets are the active organization's, `permissions` names an action for each method.

    `model` is queried per request, so that no queryset exists before an organization is active.
    """

    model: Any = None
    permissions: dict[str, str] = {}
    lookup_value_regex = "[0-9a-f-]{36}"

    @property
    def member(self) -> Any:
        return self.request._request.member

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.model.objects.none()
        return self.model.objects.all()


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OrganizationViewSet):
    """List and retrieve."""


class ReferenceField(serializers.SlugRelatedField):
    """A related row named by its code (sku, username, …) instead of an id; unknown codes are 400 with the
    value.
    """

    default_error_messages = {
        "does_not_exist": _("“{value}” does not exist."),
        "invalid": _("Invalid value."),
    }

    def __init__(self, model: Any, slug_field: str, **kwargs: Any) -> None:
        self.model = model
        if not kwargs.get("read_only"):
            kwargs["queryset"] = model.objects
        super().__init__(slug_field=slug_field, **kwargs)

    def get_queryset(self) -> Any:
        return self.model.objects.all()

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, (str, int)) or "\0" in str(data):
            self.fail("invalid")
        return super().to_internal_value(data)
