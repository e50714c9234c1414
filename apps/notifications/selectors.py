"""Reads of the inbox: everybody sees their own, nobody anybody else's."""

from django.db.models import QuerySet

from apps.notifications.models import Notification
from apps.organizations.models import Member


def inbox(member: Member) -> QuerySet[Notification]:
    return Notification.objects.filter(member=member)


def unread_count(member: Member) -> int:
    return inbox(member).filter(read_at__isnull=True).count()
