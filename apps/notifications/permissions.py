from apps.core.permissions import declare
from apps.organizations.permissions import EVERYONE

declare({"notifications.notification.view": EVERYONE, "notifications.notification.read": EVERYONE})
