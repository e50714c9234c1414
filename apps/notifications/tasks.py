"""Mail, one job a line: an address that fails delays nobody else."""

from __future__ import annotations

from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from apps.notifications.models import Notification
from apps.notifications.services import MAIL, language_of
from apps.organizations.models import Job
from apps.organizations.selectors import organization_url
from apps.organizations.services import Progress, handles


@handles(MAIL)
def mail_notification(job: Job, progress: Progress) -> dict[str, Any]:
    """Send one line of the inbox as plain text. A line that is gone, or a member without an address, is no mail."""
    line = (
        Notification.objects.select_related("member__user", "organization")
        .filter(pk=job.arguments["notification"], member__is_active=True)
        .first()
    )
    if line is None or not line.member.email:
        return {"sent": 0}
    with translation.override(language_of(line.member, line.organization)):
        body = render_to_string(
            "notifications/mail.txt",
            {
                "line": line,
                "link": organization_url(line.organization, line.url),
                "inbox": organization_url(line.organization, "notifications/"),
            },
        )
    subject = " ".join(f"[{line.organization.name}] {line.text}".split())
    return {"sent": EmailMessage(subject[:200], body, to=[line.member.email]).send()}
