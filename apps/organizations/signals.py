"""What organizations tell the floors above."""

from django.dispatch import Signal

organization_opened = Signal()
"""(organization, actor) inside the opening transaction and scope: upper apps set up what every company
starts with.
"""

job_wanted = Signal()
"""(organization_id, job_id) after commit: a job waits. organizations.tasks answers by sending a queue
message.
"""
