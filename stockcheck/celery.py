"""The queue's application."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcheck.settings")

app = Celery("stockcheck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
