"""Entry for a web server."""

import os

from django.core.wsgi import get_wsgi_application

from stockcheck.machine import database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcheck.settings")
database.ensure()
application = get_wsgi_application()
