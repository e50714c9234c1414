"""The root of the REST API: every app's viewsets under one router, its schema and a page to try it."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from apps.approvals.api import register as register_approvals
from apps.audit.api import register as register_audit
from apps.catalog.api import register as register_catalog
from apps.counts.api import register as register_counts
from apps.integrations import views
from apps.integrations.api import DocsView, SchemaView
from apps.integrations.api import register as register_imports
from apps.movements.api import register as register_movements
from apps.notifications.api import register as register_notifications
from apps.organizations.api import register as register_organizations
from apps.rectification.api import register as register_rectification
from apps.reports.api import register as register_reports
from apps.variances.api import register as register_variances

router = DefaultRouter(use_regex_path=True)
router.include_root_view = router.include_format_suffixes = False
for register in (
    register_organizations,
    register_audit,
    register_notifications,
    register_approvals,
    register_catalog,
    register_movements,
    register_counts,
    register_variances,
    register_rectification,
    register_reports,
    register_imports,
):
    register(router)

app_name = "integrations"
urlpatterns = [
    path("imports/", views.import_bundle, name="import"),
    path("imports/<uuid:pk>/", views.imported, name="imported"),
    path("imports/<uuid:pk>/errors/", views.import_errors, name="import_errors"),
    path("imports/<uuid:pk>/rework/", views.import_rework, name="import_rework"),
    path("imports/blanks/", views.blank, name="blanks"),
    path("imports/blanks/<slug:name>/", views.blank, name="blank"),
    path("pulls/", views.pulls, name="pulls"),
    path("pulls/<uuid:pk>/", views.pull, name="pull"),
    path("pulls/<uuid:pk>/now/", views.pull_now, name="pull_now"),
    path("uploads/<uuid:pk>/", views.upload, name="upload"),
    path("uploads/<uuid:pk>/tables/<int:index>/", views.upload_table, name="upload_table"),
    path("uploads/<uuid:pk>/load/", views.upload_load, name="upload_load"),
    path("api/v1/", include(router.urls)),
    path("api/v1/schema/", SchemaView.as_view(), name="schema"),
    path("api/v1/docs/", DocsView.as_view(), name="docs"),
]
