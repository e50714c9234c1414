"""What variances answer to the floors below."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.counts.signals import count_closed
from apps.movements.signals import posted
from apps.notifications.services import notify
from apps.organizations.enums import Role
from apps.organizations.selectors import system_member, with_role
from apps.organizations.signals import organization_opened
from apps.variances.enums import VarianceState
from apps.variances.models import Variance
from apps.variances.services import (
    compute_variances,
    create_built_in_cause_types,
    notice_late_documents,
    request_explanations,
)


@receiver(organization_opened, dispatch_uid="variances.cause_types")
def start_taxonomy(sender: Any, **kwargs: Any) -> None:
    create_built_in_cause_types()


@receiver(count_closed, dispatch_uid="variances.compare")
def compare(sender: Any, count: Any, actor: Any, **kwargs: Any) -> None:
    compute_variances(count, actor=actor)
    if Variance.objects.filter(count=count).exists():
        request_explanations(count, actor=system_member())


@receiver(posted, dispatch_uid="variances.late_documents")
def flag_late(sender: Any, document: Any, actor: Any, **kwargs: Any) -> None:
    """Tell those who investigate, once a document and count: most urgently where stock was already adjusted."""
    late = notice_late_documents(document)
    for count in {row.count_line.count for row in late}:
        adjusted = Variance.objects.filter(
            count_line__in=[row.count_line_id for row in late],
            count=count,
            state__in=[VarianceState.PROPOSED, VarianceState.ADJUSTED],
        ).exists()
        notify(
            with_role(Role.MANAGER, Role.CONTROLLER),
            key=f"late:{document.pk}:{count.pk}",
            text=partial(_late_text, document.doc_no, count.count_no, adjusted),
            path=f"variances/?count={count.pk}&late=1",
            mail=adjusted,
            actor=actor,
        )


def _late_text(doc_no: str, count_no: str, adjusted: bool) -> str:
    if adjusted:
        return _(
            "%(document)s was posted after count %(count)s for goods that moved before it, and its variance is "
            "already adjusted. Check whether the adjustment must be reversed."
        ) % {"document": doc_no, "count": count_no}
    return _("%(document)s was posted after count %(count)s for goods that moved before it.") % {
        "document": doc_no,
        "count": count_no,
    }
