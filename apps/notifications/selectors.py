"""Reads of the inbox."""

from apps.notifications.models import Notification
from apps.organizations.models import Member


def unread_count(member: Member) -> int:
    return Notification.objects.filter(member=member, read_at__isnull=True).count()
