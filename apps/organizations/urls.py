from django.urls import path

from apps.audit import views as audit
from apps.organizations import views

app_name = "organizations"
urlpatterns = [
    path("members/", views.members, name="members"),
    path("members/add/", views.member_add, name="member_add"),
    path("members/invite/", views.invite, name="invite"),
    path("members/<uuid:pk>/", views.member, name="member"),
    path("members/<uuid:pk>/invite/", views.invite, name="member_invite"),
    path("invitations/<uuid:pk>/revoke/", views.invitation_revoke, name="invitation_revoke"),
    path("settings/", views.settings, name="settings"),
    path("settings/departments/add/", views.department_add, name="department_add"),
    path("settings/departments/<uuid:pk>/", views.department, name="department"),
    path("settings/support/grant/", views.support_grant, name="support_grant"),
    path("settings/support/<uuid:pk>/revoke/", views.support_revoke, name="support_revoke"),
    path("settings/tokens/add/", views.token_add, name="token_add"),
    path("settings/tokens/<uuid:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("jobs/<uuid:pk>/", views.job, name="job"),
    path("jobs/<uuid:pk>/cancel/", views.job_cancel, name="job_cancel"),
    path("audit/", audit.entries, name="audit"),
    path("audit/heads/", audit.heads, name="audit_heads"),
]
