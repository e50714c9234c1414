"""Who finds out, and until when."""

from __future__ import annotations

from datetime import date
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited
from apps.core.errors import RuleViolation
from apps.core.permissions import may, require
from apps.notifications.services import notify
from apps.organizations.models import Member
from apps.variances.models import Variance


@audited("variances.variance.assigned")
def assign_variance(
    variance: Variance, assignee: Member | None, *, due_on: date | None = None, actor: Member
) -> Variance:
    """Hand a variance to whoever shall find out why, today unless another day is named; None takes it back."""
    require(actor, "variances.variance.assign", variance)
    variance = Variance.objects.select_for_update(of=("self",)).select_related("count").get(pk=variance.pk)
    if assignee is not None and not (assignee.is_active and may(assignee, "variances.variance.view")):
        raise RuleViolation(
            "cannot_see",
            _("%(name)s has no role that may see variances. Choose somebody else.") % {"name": assignee},
        )
    variance.assignee = assignee
    variance.due_on = (due_on or timezone.localdate()) if assignee else None
    variance.save(update_fields=["assignee", "due_on"])
    if assignee is not None and assignee.pk != actor.pk:
        notify(
            [assignee],
            key=f"variance-assigned:{variance.pk}:{variance.due_on}",
            text=partial(_assigned_text, variance.count.count_no),
            path=f"variances/{variance.pk}/",
            mail=True,
            actor=actor,
        )
    return variance


def _assigned_text(count_no: str) -> str:
    return _("A variance of count %(count)s waits for you to find its cause.") % {"count": count_no}
