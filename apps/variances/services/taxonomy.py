"""The words in which causes are told: built in, and the organization's own below them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.audit.services import audited
from apps.core.errors import RuleViolation
from apps.core.permissions import require
from apps.organizations.models import Member
from apps.variances.enums import BUILT_IN_CAUSES, CAUSE_NAMES, Sign
from apps.variances.models import CauseType


def create_built_in_cause_types() -> None:
    """What every organization starts with. Part of opening it; running it again adds only what is missing."""
    CauseType.objects.bulk_create(
        [
            CauseType(code=code, group=group, sign=sign, position=position * 10)
            for position, (code, group, sign, _name) in enumerate(BUILT_IN_CAUSES, start=1)
        ],
        ignore_conflicts=True,
    )


@audited("variances.cause_type.saved")
def save_cause_type(
    code: str,
    *,
    name: str,
    parent: CauseType | None = None,
    sign: str = "",
    is_active: bool = True,
    actor: Member,
) -> CauseType:
    """Create or change a type by its code.

    Of a built-in type only the shown name and whether it is used can change. An organization's own type stands
    below a built-in one, belongs to its group, and is no freer in its sign.
    """
    require(actor, "variances.cause_type.save")
    cause_type = CauseType.objects.filter(code=code).first() or CauseType(code=code)
    if code not in CAUSE_NAMES:
        if parent is None or parent.code not in CAUSE_NAMES:
            raise RuleViolation("parent_missing", _("Choose the built-in cause that this one belongs to."))
        wanted = sign or parent.sign
        if parent.sign not in (Sign.ANY, wanted):
            raise RuleViolation(
                "wrong_sign",
                _("“%(parent)s” explains %(sign)s, so a cause below it does too.")
                % {"parent": parent, "sign": parent.get_sign_display()},
            )
        cause_type.parent, cause_type.group, cause_type.sign = parent, parent.group, wanted
        cause_type.position = parent.position + 1
    cause_type.name, cause_type.is_active = name.strip(), is_active
    try:
        cause_type.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", " ".join(error.messages)) from error
    cause_type.save()
    return cause_type
