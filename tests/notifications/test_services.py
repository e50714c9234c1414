from __future__ import annotations

from django.core import mail
from django.utils.translation import gettext_lazy

from apps.core.tenancy import organization_scope
from apps.notifications.models import Notification
from apps.notifications.selectors import inbox, unread_count
from apps.notifications.services import mark_read, notify
from apps.organizations.models import Job
from apps.organizations.selectors import system_member
from apps.organizations.services import run_job

MIXED = gettext_lazy("Messages")


def test_the_same_news_arrives_once(organization, system, person):
    lin, zhou = person("lin", "controller"), person("zhou", "manager")
    for members in ([lin], [lin, zhou, lin]):
        notify(members, key="news", text="有新任务", path="counts/", actor=system)
    assert list(Notification.objects.order_by("member__username").values_list("member", "text", "url")) == [
        (lin.pk, "有新任务", "counts/"),
        (zhou.pk, "有新任务", "counts/"),
    ]


def test_nobody_who_left_and_no_machine_is_told(organization, system, person):
    gone = person("gone", "manager")
    gone.is_active = False
    gone.save()
    assert notify([gone, system], key="news", text="…", actor=system) == []


def test_each_reads_their_own_language(organization, system, person):
    lin, bob = person("lin", "controller"), person("bob", "manager")
    bob.user.language = "en"
    bob.user.save()
    told = notify([lin, bob], key="news", text=lambda: str(MIXED), actor=system)
    assert {line.member.username: line.text == "Messages" for line in told}["bob"] is True
    lazy = notify([bob], key="lazy", text=MIXED, actor=system)
    assert [line.text for line in lazy] == ["Messages"]


def test_reading_is_for_oneself(organization, system, person):
    lin, zhou = person("lin", "controller"), person("zhou", "manager")
    notify([lin, zhou], key="one", text="一", actor=system)
    notify([lin, zhou], key="two", text="二", actor=system)
    first = inbox(lin).get(key="one")
    other = inbox(zhou).get(key="one")
    assert mark_read(ids=[first.pk, other.pk], actor=lin) == 1
    assert (unread_count(lin), unread_count(zhou)) == (1, 2)
    assert mark_read(actor=lin) == 1
    assert (unread_count(lin), unread_count(zhou), mark_read(actor=lin)) == (0, 2, 0)


def test_mail_goes_out_by_a_job_as_plain_text(organization, system, person, settings):
    settings.PUBLIC_URL = "https://stock.example.com"
    lin = person("lin", "controller", email="lin@example.com")
    silent = person("he", "counter")
    notify([lin, silent], key="news", text="PD-1 待查明", path="variances/x/", mail=True, actor=system)
    job = Job.objects.get(kind="notifications.mail")
    run_job(organization.pk, job.pk)
    letter = mail.outbox[0]
    assert (len(mail.outbox), letter.to, letter.subject) == (1, ["lin@example.com"], "[甲公司] PD-1 待查明")
    assert "https://stock.example.com/o/alpha/variances/x/" in letter.body
    assert letter.content_subtype == "plain"


def test_a_subject_is_one_line(organization, system, person):
    lin = person("lin", "controller", email="lin@example.com")
    notify([lin], key="news", text="一\r\nBcc: evil@example.com", mail=True, actor=system)
    run_job(organization.pk, Job.objects.get().pk)
    assert mail.outbox[0].subject == "[甲公司] 一 Bcc: evil@example.com"
    assert mail.outbox[0].recipients() == ["lin@example.com"]


def test_pages(organization, system, person, browse):
    lin = person("lin", "controller")
    client = browse(lin)
    assert client.get("/o/alpha/notifications/").status_code == 200
    notify([lin], key="news", text="PD-1 待查明", path="variances/", actor=system)
    assert "PD-1 待查明" in client.get("/o/alpha/notifications/?show=unread").content.decode()
    line = Notification.objects.get()
    response = client.get(f"/o/alpha/notifications/{line.pk}/")
    assert (response.status_code, response["Location"]) == (302, "/o/alpha/variances/")
    assert unread_count(lin) == 0
    notify([lin], key="more", text="…", actor=system)
    assert client.post("/o/alpha/notifications/read/").status_code == 302
    assert unread_count(lin) == 0


def test_the_inbox_of_others_is_absent(organization, system, twin, person, browse):
    lin, zhou = person("lin", "controller"), person("zhou", "manager")
    notify([zhou], key="news", text="给周敏", actor=system)
    theirs = Notification.objects.get()
    with organization_scope(twin):
        foreign = Notification.objects.create(member=system_member(), key="x", text="别家")
    client = browse(lin)
    for line in (theirs, foreign):
        assert client.get(f"/o/alpha/notifications/{line.pk}/").status_code == 404
        assert client.get(f"/o/alpha/api/v1/notifications/{line.pk}/").status_code == 404
    assert client.get("/o/alpha/api/v1/notifications/").json()["count"] == 0


def test_api(organization, system, person, browse):
    lin = person("lin", "controller")
    notify([lin], key="news", text="PD-1 待查明", path="variances/", actor=system)
    client = browse(lin)
    row = client.get("/o/alpha/api/v1/notifications/?unread=true").json()["results"][0]
    assert (row["text"], row["url"], row["read_at"]) == ("PD-1 待查明", "variances/", None)
    read = client.post(f"/o/alpha/api/v1/notifications/{row['id']}/read/")
    assert (read.status_code, read.json()["read_at"] is None) == (200, False)
    assert client.get("/o/alpha/api/v1/notifications/?unread=true").json()["count"] == 0
