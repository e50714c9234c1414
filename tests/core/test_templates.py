"""Every page frame, component and error page is rendered, in both languages, without a database."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from apps.core.errors import RuleViolation

ROOT = Path(__file__).parents[2]
ERRORS = ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"]
VOID = {"meta", "link", "input", "br", "hr", "img", "rect", "line", "path", "use", "circle"}


class Plan(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the sheet")
    kind = forms.ChoiceField(label="Kind", choices=[("full", "Full")], widget=forms.RadioSelect)
    blind = forms.BooleanField(label="Blind", required=False)
    sheet = forms.FileField(label="Sheet", required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("Nothing to count")


class Reader(HTMLParser):
    """What an accessible page under our content security policy must hold, read from the finished page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self.feed(page)
        self.faults += [f"{tag} left open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        self.faults += [f"inline {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "script" and not given.get("src"):
            self.faults.append("inline script")
        if len(given) < len(attrs):
            self.faults.append(f"{tag} says something twice")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def check(self) -> None:
        assert self.faults == []
        ids = [given["id"] for _, given in self.tags if "id" in given]
        assert sorted(ids) == sorted(set(ids))
        references = {
            target
            for _, given in self.tags
            for name in ("for", "aria-labelledby", "aria-controls", "aria-describedby")
            for target in given.get(name, "").split()
        }
        assert references - set(ids) == set()


def read(template: str, **context: Any) -> str:
    page = render_to_string(template, context, RequestFactory().get("/?zone=A&page=2"))
    Reader(page).check()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def entry(label: str, **values: Any) -> dict[str, Any]:
    return {"label": label, "url": f"/{label}", "icon": "home", "count": None, "active": False} | values


def job(state: str, **values: Any) -> SimpleNamespace:
    finished = state in ("done", "failed", "cancelled")
    given = {"pk": 1, "state": state, "done": 0, "total": 0, "message": "", "is_finished": finished}
    return SimpleNamespace(**given | values)


@pytest.fixture(params=["zh-hans", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


def test_the_shell_shows_the_organization_the_menu_and_the_person(language: str) -> None:
    shown = read(
        "shell.html",
        organization=SimpleNamespace(name="甲公司", code="alpha"),
        organizations=[{"name": "乙公司", "url": "/o/beta/"}],
        member=SimpleNamespace(name="林晓", role_names=["stock controller"]),
        user=SimpleNamespace(is_authenticated=True, username="lin"),
        menu=[{"label": "Counting", "entries": [entry("Counts", active=True, count=1200)]}],
        tabs=[entry("Work"), entry("Scan")],
        unread=3,
        find_url="/find/",
        inbox_url="/inbox/",
        messages=[SimpleNamespace(level_tag="error", __str__=lambda self: "late")],
    )
    for word in (
        "甲公司",
        "乙公司",
        "林晓",
        "stock controller",
        "Counting",
        "Counts",
        "1,200",
        "Work",
        "Scan",
    ):
        assert shown.count(word) >= 1, word


def test_the_shell_stands_without_any_context(language: str) -> None:
    assert "stockcheck" in read("shell.html")


@pytest.mark.parametrize("template", ERRORS)
def test_every_error_page_has_one_way_on(language: str, template: str) -> None:
    page = render_to_string(template, {"request_id": "E-7F3A"})
    reader = Reader(page)
    reader.check()
    assert [given["class"] for tag, given in reader.tags if tag == "a" and "btn" in given["class"]] == ["btn main"]
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    assert ("E-7F3A" in page) == (template == "500.html")


def test_403_gives_the_reason(language: str) -> None:
    assert "Ask the owner <b>" in render_to_string("403.html", {"reason": "Ask the owner <b>"}).replace(
        "&lt;", "<"
    ).replace("&gt;", ">")


@pytest.mark.parametrize(
    ("template", "context", "shown"),
    [
        ("icon", {"name": "home"}, ""),
        ("badge", {"text": "Late", "tone": "danger", "icon": "warn"}, "Late"),
        ("note", {"title": "Blind.", "text": "No figures", "tone": "warn"}, "Blind. No figures"),
        ("empty", {"title": "None", "text": "Yet", "url": "/new", "label": "Add"}, "None Yet Add"),
        ("facts", {"facts": [("Book", "1,200"), ("Counted", None)]}, "Book 1,200 Counted —"),
        ("bar", {"done": 5, "total": 13}, ""),
        ("lane", {"tone": "loss", "start": Decimal("34.62"), "width": Decimal("19.23"), "before": 0}, ""),
        ("lane", {"total": "ink", "width": 92.31, "after": 92.31}, ""),
        ("lane", {"tone": "rest", "start": 1, "width": 0}, ""),
        ("sort", {"key": "value", "label": "Value", "now": "-value", "numeric": True}, "Value"),
        ("sort", {"key": "value", "label": "Value", "now": "value"}, "Value"),
        ("sort", {"key": "value", "label": "Value", "now": "name"}, "Value"),
        ("errors", {"errors": ["Too large."], "id": "a"}, "Too large."),
        ("errors", {"errors": [], "id": "a"}, ""),
    ],
)
def test_components_show_what_they_are_given(language: str, template: str, context: Any, shown: str) -> None:
    assert read(f"components/{template}.html", **context) == shown


def test_widths_in_drawings_have_a_point_in_every_language(language: str) -> None:
    drawn = render_to_string("components/lane.html", {"tone": "loss", "start": Decimal("34.62"), "width": 19.23})
    assert re.findall(r'<rect .*x="(.+?)%".*? width="(.+?)%"', drawn) == [("34.62", "19.23")]
    assert 'width="38.46%"' in render_to_string("components/bar.html", {"done": 5, "total": 13})


def test_pagination_keeps_the_filters(language: str) -> None:
    page = Paginator(range(1233), 50).get_page(3)
    made = render_to_string("components/pagination.html", {"page": page}, RequestFactory().get("/?zone=A&page=3"))
    Reader(made).check()
    assert re.findall(r'href="([^"]+)"', made) == [
        "?zone=A&amp;page=2",
        "/static/stockcheck/icons.svg#i-left",
        "?zone=A&amp;page=4",
        "/static/stockcheck/icons.svg#i-right",
    ]
    assert ("1,233" in made, "3 / 25" in made) == (True, True)


def test_a_form_ties_labels_help_and_errors_to_its_fields(language: str) -> None:
    shown = read("components/form.html", form=Plan({"name": ""}), submit="Go", cancel_url="/")
    for word in ("Name", "As on the sheet", "Kind", "Blind", "Sheet", "Nothing to count", "Go"):
        assert shown.count(word) >= 1, word
    made = render_to_string("components/form.html", {"form": Plan({"name": ""})}, RequestFactory().get("/"))
    assert 'aria-describedby="id_name_helptext id_name_error"' in made
    assert 'enctype="multipart/form-data"' in made
    assert "csrfmiddlewaretoken" in made


def test_filters_and_confirmation(language: str) -> None:
    assert "Name" in read("components/filters.html", filter=SimpleNamespace(form=Plan({"name": "x"})))
    shown = read("components/confirm.html", id="post", title="Post", text="Once.", action="/post", label="Post −40")
    assert shown.count("Post −40") == 1


@pytest.mark.parametrize(
    ("given", "polls"),
    [
        (job("queued"), True),
        (job("running", done=1230, total=5000, message="Row 1,230"), True),
        (job("done", message="1,230 rows"), False),
        (job("failed", message="Row 12"), False),
        (job("cancelled"), False),
    ],
)
def test_progress_asks_again_only_while_there_is_some(language: str, given: Any, polls: bool) -> None:
    made = render_to_string(
        "components/progress.html", {"job": given, "url": "/job", "done_url": "/d", "retry_url": "/r"}
    )
    Reader(made).check()
    assert ("hx-get" in made) == polls
    assert given.message in made


@pytest.mark.parametrize(
    ("context", "level"),
    [
        ({"value": Decimal("0.91")}, "4"),
        ({"value": 0.2}, "1"),
        ({"confirmed": True}, "5"),
        ({"value": None}, None),
    ],
)
def test_certainty_is_bars_a_word_and_a_figure(language: str, context: Any, level: str | None) -> None:
    made = render_to_string("components/certainty.html", context)
    assert re.findall(r'data-l="(\d)"', made) == ([level] if level else [])
    assert len(read("components/certainty.html", **context)) >= 3


def test_a_refusal_says_why(language: str) -> None:
    error = RuleViolation("frozen", "The location is frozen", rows=["A-03-12"])
    assert "The location is frozen A-03-12" in read("components/refused.html", error=error)
    assert 'data-refused="frozen"' in render_to_string("components/refused.html", {"error": error})
    assert "The location is frozen" in read("components/refused_page.html", error=error)


def test_lockout_says_when_to_try_again(language: str) -> None:
    assert "15" in read("axes/lockout.html", failure_limit=10, cooloff_timedelta=timedelta(minutes=15))


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="i-(\w+)"', (ROOT / "static/stockcheck/icons.svg").read_text()))
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "(\w+)"|icon="(\w+)"', path.read_text())
        for name in name
        if name
    }
    assert named - sprite == set()


def test_every_static_file_that_a_template_names_exists() -> None:
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'{% static "([^"]+)" %}', path.read_text())
    }
    assert [name for name in sorted(named) if finders.find(name) is None] == []


def test_templates_name_no_colour() -> None:
    coloured = [
        path.name
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r'(?:fill|stroke|color)="#|#[0-9a-fA-F]{6}\b|rgb\(', path.read_text())
    ]
    assert coloured == []


TEXT = [
    (ink, ground)
    for ink in ("ink", "ink-2", "ink-3", "brand", "loss", "gain", "rest")
    for ground in ("bg", "surface", "surface-2", "surface-3")
]
TEXT += [(state, f"{state}-soft") for state in ("neutral", "info", "warn", "ok", "danger", "loss", "gain", "rest")]
TEXT += [(state, "surface") for state in ("info", "warn", "ok", "danger")]
TEXT += [(ink, "brand-soft") for ink in ("ink", "ink-2", "ink-3", "brand", "loss", "gain")]
TEXT += [
    ("on-brand", "brand-solid"),
    ("on-brand", "danger-solid"),
    ("on-heat", "heat-4"),
    ("on-heat", "heat-5"),
    ("ink-2", "danger-soft"),
    ("ink-2", "warn-soft"),
    ("ink-2", "ok-soft"),
    ("ink-2", "info-soft"),
]
TEXT += [("ink", f"heat-{step}") for step in range(4)]
MARKS = [
    (mark, "surface")
    for mark in (
        "brand-solid",
        "loss-solid",
        "gain-solid",
        "rest-line",
        "cert-5",
        "cert-4",
        "cert-3",
        "info-solid",
        "ok-solid",
        "danger-solid",
        "neutral-solid",
    )
]


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_have_the_contrast_of_wcag_aa(theme: str) -> None:
    light, dark = (ROOT / "static/stockcheck/tokens.css").read_text().split("html.dark, ")
    tokens = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", light if theme == "light" else light + dark))

    def ratio(one: str, two: str) -> float:
        high, low = sorted((luminance(tokens[one]), luminance(tokens[two])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    weak = [(one, two) for need, pairs in ((4.5, TEXT), (3.0, MARKS)) for one, two in pairs if ratio(one, two) < need]
    assert weak == []
