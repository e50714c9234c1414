"""The queue's application, for those who send work and (``celery -A stockcheck``) those who do it."""

import os

from celery import Celery
from django.conf import settings

from stockcheck.machine import database

if not settings.configured:  # a worker or the scheduler starts here, everything else comes through Django
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcheck.settings")
    database.ensure()

app = Celery("stockcheck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
