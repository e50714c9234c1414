from django.urls import path

from apps.counts import views

app_name = "counts"
urlpatterns = [
    path("counts/", views.counts, name="list"),
    path("counts/new/", views.create, name="create"),
    path("counts/tolerance/", views.tolerance, name="tolerance"),
    path("counts/tasks/", views.tasks, name="tasks"),
    path("counts/tasks/<uuid:pk>/", views.enter, name="enter"),
    path("counts/tasks/<uuid:pk>/entries/", views.record, name="record"),
    path("counts/tasks/<uuid:pk>/submit/", views.submit, name="submit"),
    path("counts/tasks/<uuid:pk>/claim/", views.claim, name="claim"),
    path("counts/tasks/<uuid:pk>/assign/", views.assign, name="assign"),
    path("counts/tasks/<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("counts/tasks/<uuid:pk>/sheet/", views.task_sheet, name="task_sheet"),
    path("counts/entries/<uuid:pk>/undo/", views.undo, name="undo"),
    path("counts/<uuid:pk>/", views.detail, name="detail"),
    path("counts/<uuid:pk>/release/", views.release, name="release"),
    path("counts/<uuid:pk>/progress/", views.progress, name="progress"),
    path("counts/<uuid:pk>/recount/", views.recount, name="recount"),
    path("counts/<uuid:pk>/sheet/", views.count_sheet, name="sheet"),
    path("counts/<uuid:pk>/close/", views.close, name="close"),
    path("counts/<uuid:pk>/cancel/", views.cancel, name="cancel"),
]
