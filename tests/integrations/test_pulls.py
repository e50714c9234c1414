"""Files that are fetched by themselves: what is new is loaded once; trouble is written down and told."""

from __future__ import annotations

import http.server
import threading

import pytest

from apps.core.errors import RuleViolation
from apps.core.tenancy import organization_scope
from apps.integrations.fetching import Place, fetch
from apps.integrations.models import Delivery, Pull
from apps.integrations.selectors import imports
from apps.integrations.services import request_pull, save_pull, visit_pull
from apps.notifications.models import Notification
from apps.organizations.models import Job
from apps.organizations.selectors import system_member
from tests.integrations.builders import SHOP
from tests.integrations.test_pages import work


@pytest.fixture
def folder(settings, tmp_path):
    settings.IMPORT_FOLDER = tmp_path
    place = tmp_path / "alpha" / "in"
    place.mkdir(parents=True)
    return place


def test_a_folder_is_fetched_and_loaded_once(folder, person, django_capture_on_commit_callbacks):
    owner = person("zhang", "owner")
    pull = save_pull(None, name="日报", kind="folder", address="in", pattern="*.csv", actor=owner)
    assert visit_pull(pull, period="1", actor=owner).state == "nothing"
    (folder / "items.csv").write_text(SHOP["items"], "utf-8")
    (folder / "notes.txt").write_text("x")
    delivery = visit_pull(pull, period="2", actor=owner)
    assert (delivery.state, delivery.files) == ("fetched", ["items.csv"])
    assert visit_pull(pull, period="2", actor=owner).pk == delivery.pk
    job = work(imports().get(pk=delivery.job), django_capture_on_commit_callbacks)
    assert [(file["file"], file["new"]) for file in job.result["files"]] == [("items", 2)]
    assert visit_pull(pull, period="3", actor=owner).state == "nothing"


def test_a_period_is_one_job(folder, person):
    pull = save_pull(None, name="日报", kind="folder", address="in", hour=3, actor=person("zhang", "owner"))
    first = request_pull(pull, actor=system_member())
    assert request_pull(pull, actor=system_member()).pk == first.pk
    assert Job.objects.filter(kind="integrations.pull").count() == 1


def test_trouble_is_told_to_who_set_it_up(folder, person):
    owner = person("zhang", "owner")
    pull = save_pull(None, name="日报", kind="folder", address="nowhere", actor=owner)
    assert visit_pull(pull, period="1", actor=system_member()).state == "failed"
    assert [line.member for line in Notification.objects.filter(url=f"pulls/{pull.pk}/")] == [owner]


def test_files_that_are_refused_are_told_to_who_set_it_up(folder, person, django_capture_on_commit_callbacks):
    owner = person("zhang", "owner")
    pull = save_pull(None, name="日报", kind="folder", address="in", pattern="*.csv", actor=owner)
    (folder / "items.csv").write_text("sku,name,base_unit\nPOT,,件\n", "utf-8")
    delivery = visit_pull(pull, period="1", actor=system_member())
    job = work(imports().get(pk=delivery.job), django_capture_on_commit_callbacks)
    assert (job.result["refused"], job.result["found"]) == (True, 1)
    assert [line.member for line in Notification.objects.filter(url=f"imports/{job.pk}/")] == [owner]


def test_a_password_is_not_readable_in_the_database_and_follows_no_other_address(folder, person):
    owner = person("zhang", "owner")
    wish = {"name": "ERP", "kind": "sftp", "username": "u"}
    pull = save_pull(None, **wish, address="sftp://a.example/x", password="geheim", actor=owner)
    assert "geheim" not in pull.secret
    assert save_pull(pull, **wish, address="sftp://a.example/x", actor=owner).secret == pull.secret
    assert save_pull(pull, **wish, address="sftp://b.example/x", actor=owner).secret == ""


def place(kind: str, address: str, root) -> Place:
    return Place(kind, address, "*", "", "", "", root)


@pytest.mark.parametrize(
    ("kind", "address", "code"),
    [
        ("http", "http://127.0.0.1:1/x", "pull_forbidden"),
        ("http", "http://localhost/x", "pull_forbidden"),
        ("http", "http://[::1]/x", "pull_forbidden"),
        ("http", "http://169.254.169.254/latest", "pull_forbidden"),
        ("http", "http://10.0.0.1/", "pull_forbidden"),
        ("http", "http://[::ffff:127.0.0.1]/", "pull_forbidden"),
        ("http", "http://0/", "pull_forbidden"),
        ("http", "file:///etc/passwd", "pull_address"),
        ("http", "http://u:p@example.com/", "pull_address"),
        ("sftp", "sftp://127.0.0.1/x", "pull_forbidden"),
        ("sftp", "127.0.0.1", "pull_address"),
        ("folder", "../beta", "pull_forbidden"),
        ("folder", "nothing", "pull_address"),
    ],
)
def test_where_nothing_is_fetched_from(tmp_path, kind, address, code):
    with pytest.raises(RuleViolation) as refused:
        fetch(place(kind, address, tmp_path / "alpha"), {})
    assert refused.value.code == code


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "http://127.0.0.1/")
        self.end_headers()
        self.wfile.write(SHOP["items"].encode())

    def log_message(self, *args):
        pass


def test_the_web_where_the_instance_allows_its_own_network(settings, tmp_path):
    settings.IMPORT_PRIVATE_NETWORKS = True
    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            [file], _key = fetch(place("http", f"{address}/items.csv", tmp_path), {})
            assert (file.name, file.content.decode()) == ("items.csv", SHOP["items"])
            assert fetch(place("http", f"{address}/items.csv", tmp_path), {file.name: file.version}) == ([], "")
            with pytest.raises(RuleViolation):
                fetch(place("http", f"{address}/away", tmp_path), {})
        finally:
            server.shutdown()
            thread.join()


def test_pages(folder, person, browse, twin):
    client = browse(person("zhang", "owner"))
    form = {"name": "日报", "kind": "folder", "address": "in", "pattern": "*", "is_active": "on"}
    assert client.post("/o/alpha/pulls/", form).status_code == 302
    pull = Pull.objects.get()
    assert client.get("/o/alpha/pulls/").status_code == client.get(f"/o/alpha/pulls/{pull.pk}/").status_code == 200
    assert client.post(f"/o/alpha/pulls/{pull.pk}/now/").status_code == 302
    assert client.post("/o/alpha/pulls/", {**form, "name": "x", "address": "../../etc"}).status_code == 422
    assert browse(person("k", "controller")).get("/o/alpha/pulls/").status_code == 403
    with organization_scope(twin):
        foreign = Pull.objects.create(name="secret", kind="folder", address="", set_up_by=system_member())
        Delivery.objects.create(pull=foreign, period="1", state="nothing")
    assert "secret" not in client.get("/o/alpha/pulls/").content.decode()
    assert client.get(f"/o/alpha/pulls/{foreign.pk}/").status_code == 404
    assert client.post(f"/o/alpha/pulls/{foreign.pk}/now/").status_code == 404
