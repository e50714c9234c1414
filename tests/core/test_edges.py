"""What the organization's entrance and the page decorator promise to every page."""

import re

import pytest
from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone, translation

from apps.core.edges import attempt, page
from apps.core.errors import Conflict, RuleViolation
from apps.organizations.models import Department
from stockcheck.organization_urls import urlpatterns as real


def department(code: str) -> Department:
    return Department.objects.create(code=code, name="x")


@page("organizations.work.view", methods=("GET", "POST"))
def view(request):
    department("D1")
    match request.GET.get("do"):
        case "refuse":
            raise Conflict("closed", "Closed already.", rows=["row 1"])
        case "fail":
            return HttpResponse(status=422)
        case "crash":
            raise ZeroDivisionError
    return HttpResponse("ok")


@page("organizations.work.view")
def stream(request):
    def chunks():
        yield f"{Department.objects.count()} {timezone.get_current_timezone_name()} {translation.get_language()}"

    return StreamingHttpResponse(chunks())


class Form(forms.Form):
    code = forms.CharField()


@page("organizations.work.view", methods=("POST",))
def form_view(request):
    form = Form(request.POST)

    def wish(data):
        department(data["code"])
        if data["code"] == "bad":
            raise RuleViolation("bad", "Not this one.", rows=["because"])
        return True

    done = attempt(form, wish)
    return HttpResponse(str(done if done else form.errors))


urlpatterns = [
    path("view/", view),
    path("stream/", stream),
    path("form/", form_view),
    *real,
]


@pytest.fixture
def client(person, browse, settings):
    settings.ORGANIZATION_URLCONF = __name__
    client = browse(person("zhou", "manager"))
    client.raise_request_exception = False
    return client


def test_what_a_refused_request_wrote_is_undone(client):
    back = {"Referer": "http://testserver/o/alpha/view/"}
    for wrong in ("refuse", "fail", "crash"):
        client.post(f"/o/alpha/view/?do={wrong}", headers=back)
        assert Department.objects.count() == 0
    assert client.get("/o/alpha/view/").content == b"ok"
    assert Department.objects.count() == 1


def test_a_refusal_goes_back_to_the_form_or_into_the_fragment(client):
    back = {"Referer": "http://testserver/o/alpha/view/"}
    sent_back = client.post("/o/alpha/view/?do=refuse", headers=back)
    assert (sent_back.status_code, sent_back.url) == (302, back["Referer"])
    fragment = client.post("/o/alpha/view/?do=refuse", headers={"HX-Request": "true"})
    assert (fragment.status_code, b'data-refused="closed"' in fragment.content) == (409, True)
    elsewhere = client.post("/o/alpha/view/?do=refuse", headers={"Referer": "https://evil.example/"})
    assert elsewhere.status_code == 409


def test_a_streamed_answer_keeps_organization_zone_and_language(client):
    department("D1")
    answer = b"".join(client.get("/o/alpha/stream/")).decode()
    assert answer == "1 Asia/Shanghai zh-hans"


def test_head_goes_where_get_does_and_others_are_405(client):
    assert client.head("/o/alpha/view/").status_code == 200
    assert client.delete("/o/alpha/view/").status_code == 405
    assert client.head("/o/alpha/form/").status_code == 405


def test_a_refused_wish_keeps_what_was_typed_and_nothing_else(client):
    assert "Not this one." in client.post("/o/alpha/form/", {"code": "bad"}).content.decode()
    assert Department.objects.count() == 0
    assert client.post("/o/alpha/form/", {"code": "good"}).content == b"True"


def test_an_address_without_its_slash(client):
    assert client.get("/o/alpha").url == "/o/alpha/"
    assert client.get("/o/alpha/members").url == "/o/alpha/members/"


def test_a_stranger_and_an_organization_that_does_not_exist_look_the_same(client, twin):
    def seen(code):
        answer = client.get(f"/o/{code}/view/")
        secret = rb'(csrf-token" content|csrfmiddlewaretoken" value)="\w+"'
        return answer.status_code, re.sub(secret, b"", answer.content).replace(code.encode(), b"")

    assert seen("twin") == seen("nowhere")
    visitor = Client()
    assert visitor.get("/o/twin/view/").status_code == visitor.get("/o/nowhere/view/").status_code == 302


def test_english_browsers_get_chinese_unless_asked(client):
    english = {"Accept-Language": "en-US,en"}
    assert client.get("/o/alpha/stream/", headers=english)["Content-Language"] == "zh-hans"
    client.cookies["django_language"] = "en"
    assert client.get("/o/alpha/stream/", headers=english)["Content-Language"] == "en"
