from __future__ import annotations

import io
import re
from decimal import Decimal
from uuid import uuid4

import pytest
import python_calamine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.counts.models import Count, CountEntry, CountTask
from apps.counts.services import close_count, create_count, release_count, submit_task
from tests.counts.builders import enter, line, released, shop

ROLES = ["owner", "manager", "counter", "controller", "finance", "assignee", "auditor"]


@pytest.fixture
def place(organization):
    return shop()


@pytest.fixture
def zhou(person):
    return person("zhou", "manager")


@pytest.fixture
def li(person):
    return person("li", "counter")


@pytest.fixture
def wang(person):
    return person("wang", "counter")


def test_queries_of_the_monitor_do_not_grow_with_tasks(place, browse, zhou, system, django_assert_num_queries):
    one = released(place)
    client = browse(zhou)
    client.get(url(f"{one.pk}/"))
    with CaptureQueriesContext(connection) as few:
        client.get(url(f"{one.pk}/"))
    CountTask.objects.bulk_create([CountTask(count=one, zone=f"Z{number}") for number in range(3)])
    with django_assert_num_queries(len(few)):
        client.get(url(f"{one.pk}/"))


def url(path):
    return f"/o/alpha/counts/{path}"


def text(response):
    return response.content.decode()


@pytest.mark.parametrize("role", ROLES)
def test_everybody_sees_the_list_and_a_count_in_every_state(place, person, browse, li, system, role):
    client = browse(person("someone", role))
    count = create_count(place.warehouse, name="年终盘点", actor=system)
    assert "年终盘点" in text(client.get(url("")))
    assert client.get(url(f"{count.pk}/")).status_code == 200
    count = release_count(count, counters=[li], actor=system)
    enter(count, li, "CUP", 90)
    assert client.get(url(f"{count.pk}/")).status_code == 200
    assert client.get(url(f"{count.pk}/progress/")).status_code == 200
    count = close_count(count, actor=system)
    page = text(client.get(url(f"{count.pk}/")))
    assert "−10" in page
    assert client.get(url("?export=csv")).status_code == 200


def test_the_list_is_filtered_and_says_what_to_do_when_it_is_empty(place, browse, zhou):
    client = browse(zhou)
    assert url("new/") in text(client.get(url("")))
    create_count(place.warehouse, count_no="Q4-甲", actor=zhou)
    assert "Q4-甲" in text(client.get(url("?q=q4&state=draft")))
    assert "Q4-甲" not in text(client.get(url("?state=closed")))


def test_the_number_of_queries_does_not_grow(place, browse, zhou):
    client = browse(zhou)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url("")).status_code == 200
        return len(captured)

    create_count(place.warehouse, actor=zhou)
    queries()
    one = queries()
    for _ in range(3):
        create_count(place.warehouse, actor=zhou)
    assert queries() == one <= 20


def test_planning_by_zones_and_places(place, browse, zhou):
    client = browse(zhou)
    assert client.get(url("new/")).status_code == 302
    address = url(f"new/?warehouse={place.warehouse.pk}")
    assert "A-1" in text(client.get(address))
    data = {"mode": "dynamic", "blind": "on", "scope": "zones"}
    assert client.post(address, data).status_code == 422
    client.post(address, {**data, "zones": ["A"]})
    client.post(address, {**data, "scope": "places", "places": [place.b1.pk]})
    client.post(address, {**data, "scope": "all", "count_no": "ALL"})
    chosen = [
        sorted(count.locations.values_list("location__code", flat=True))
        for count in Count.objects.order_by("created_at")
    ]
    assert chosen == [["A-1", "A-2"], ["B-1"], ["", "A-1", "A-2", "B-1"]]
    assert client.post(address, {**data, "scope": "all", "count_no": "ALL"}).status_code == 422


def test_from_the_plan_to_the_closed_count(place, browse, zhou, li):
    client = browse(zhou)
    count = create_count(place.warehouse, actor=zhou)
    client.post(url(f"{count.pk}/release/"), {"counters": [li.pk]})
    assert Count.objects.get().state == "counting"
    again = client.post(url(f"{count.pk}/release/"), {"counters": [li.pk]}, follow=True)
    assert "count.pk" not in text(again)
    enter(count, li, "CUP", 90)
    answer = client.post(url(f"{count.pk}/close/"), {"uncounted": "zero"}, follow=True)
    assert Count.objects.get().state == "counting", text(answer)
    client.post(url(f"{count.pk}/close/"), {"uncounted": "keep"})
    assert Count.objects.get().state == "closed"
    client.post(url(f"{count.pk}/close/"), {"uncounted": "keep"})
    assert Count.objects.get().closed_by == zhou


def test_cancelling_needs_a_reason(place, browse, zhou):
    client = browse(zhou)
    count = released(place)
    client.post(url(f"{count.pk}/cancel/"), {"reason": ""})
    assert Count.objects.get().state == "counting"
    client.post(url(f"{count.pk}/cancel/"), {"reason": "仓库停电"})
    assert "仓库停电" in text(client.get(url(f"{count.pk}/")))


def test_the_manager_watches_and_asks_for_recounts(place, browse, zhou, li, wang):
    count = released(place, li)
    enter(count, li, "CUP", 90)
    client = browse(zhou)
    page = text(client.get(url(f"{count.pk}/?view=beyond")))
    assert "−10" in page
    assert "−¥30.00" in page
    for view in ("all", "differing", "uncounted", "found"):
        assert client.get(url(f"{count.pk}/?view={view}&q=CUP")).status_code == 200
    cup = line(count, "CUP")
    refused = client.post(url(f"{count.pk}/recount/"), {"ids": [cup.pk], "assignee": li.pk}, follow=True)
    assert CountTask.objects.filter(round=2).count() == 0
    assert "A-2" in text(refused)
    client.post(url(f"{count.pk}/recount/"), {"ids": [cup.pk, "nonsense"], "assignee": wang.pk})
    task = CountTask.objects.get(round=2)
    assert task.assignee == wang
    client.post(url(f"tasks/{task.pk}/assign/"), {"assignee": ""})
    assert CountTask.objects.get(round=2).assignee is None
    assert "is_waiting" not in text(client.get(url(f"{count.pk}/?view=all")))


def test_lines_page_has_the_five_numbers_of_a_closed_count(place, browse, zhou, li):
    count = released(place, li)
    enter(count, li, "POT", 199, "A-1", unit="盒")
    enter(count, li, "CUP", 0)
    close_count(count, actor=zhou)
    client = browse(li)
    page = text(client.get(url(f"{count.pk}/")))
    assert "1,194" in page
    assert "−6" in page
    rows = (
        python_calamine.CalamineWorkbook.from_filelike(
            io.BytesIO(b"".join(browse(zhou).get(url(f"{count.pk}/?export=xlsx"))))
        )
        .get_sheet_by_index(0)
        .to_python()
    )
    assert [(row[1], row[8], row[9], row[10]) for row in rows[1:]] == [
        ("POT", 1200, 1194, -6),
        ("CUP", 100, 0, -100),
        ("TEA", 30.5, "", ""),
    ]


# The counter's pages


def entry_form(page):
    """The fields that the page holds for one entry."""
    form = re.search(r'<form class="entry".*?</form>', page, re.S)[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    return {key: value for key, value in hidden.items() if key != "csrfmiddlewaretoken"}


def test_a_counter_counts_along_the_walk(place, browse, li, wang):
    count = released(place, li)
    task = count.tasks.get(zone="A")
    client = browse(li)
    assert str(task.pk) in text(client.get(url("tasks/")))
    page = text(client.get(url(f"tasks/{task.pk}/")))
    fields = entry_form(page)
    assert fields["item"] == str(place.pot.pk)
    answer = client.post(url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": "３", "unit": "盒", "note": "半箱破"})
    assert answer.status_code == 302
    assert client.post(url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": "３", "unit": "盒"}).status_code == 302
    entry = CountEntry.objects.get()
    assert (entry.base_quantity, entry.note, entry.task, entry.counter) == (18, "半箱破", task, li)
    following = text(client.get(answer.url))
    assert entry_form(following)["item"] == str(place.cup.pk)
    assert "半箱破" in following
    client.post(url(f"entries/{entry.pk}/undo/"))
    client.post(url(f"entries/{entry.pk}/undo/"))
    assert CountEntry.objects.filter(voids=entry).count() == 1


def test_a_form_sent_again_with_another_quantity_says_so(place, browse, li):
    task = released(place, li).tasks.get(zone="A")
    client = browse(li)
    fields = entry_form(text(client.get(url(f"tasks/{task.pk}/"))))
    client.post(url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": "3"})
    answer = client.post(url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": "4"}, headers={"HX-Request": "true"})
    assert (answer.status_code, 'data-refused="entry_differs"' in text(answer)) == (409, True)
    assert CountEntry.objects.get().quantity == 3


@pytest.mark.parametrize(("quantity", "code"), [("-1", "negative"), ("", "number_format"), ("1,200", "number_format")])
def test_a_wrong_quantity_is_told(place, browse, li, quantity, code):
    task = released(place, li).tasks.get(zone="A")
    client = browse(li)
    fields = entry_form(text(client.get(url(f"tasks/{task.pk}/"))))
    answer = client.post(
        url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": quantity}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, f'data-refused="{code}"' in text(answer)) == (422, True)


def test_scanning_and_searching(place, browse, li, system):
    count = released(place, li)
    task = count.tasks.get(zone="A")
    client = browse(li)
    scanned = text(client.get(url(f"tasks/{task.pk}/?code=6900000000012")))
    assert entry_form(scanned)["item"] == str(place.pot.pk)
    assert re.search(r'value="盒"\s+data-factor="6.0000"\s+selected', scanned)
    assert "CUP" in text(client.get(url(f"tasks/{task.pk}/?code=马克")))
    assert "69123" in text(client.get(url(f"tasks/{task.pk}/?code=69123")))
    found = text(client.get(url(f"tasks/{task.pk}/?code=TEA&find=1&place={place.a2.pk}")))
    fields = entry_form(found)
    answer = client.post(url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": "2.5", "lot": "L7"})
    assert answer.status_code == 302
    entry = CountEntry.objects.get()
    assert (entry.line.is_found, entry.line.stock_line.lot, entry.base_quantity) == (True, "L7", Decimal("2.5"))


def test_the_next_scan_rides_on_the_entry_before(place, browse, li):
    task = released(place, li).tasks.get(zone="A")
    client = browse(li)
    fields = entry_form(text(client.get(url(f"tasks/{task.pk}/?code=CUP"))))
    answer = client.post(url(f"tasks/{task.pk}/entries/"), {**fields, "quantity": "1", "next_code": "CUP"})
    assert "code=CUP" in answer.url
    assert (CountEntry.objects.get().method, entry_form(text(client.get(answer.url)))["method"]) == ("scan", "scan")


def test_handing_over(place, browse, li):
    count = released(place, li)
    task = count.tasks.get(zone="A")
    client = browse(li)
    enter(count, li, "CUP", 5)
    page = text(client.get(url(f"tasks/{task.pk}/submit/")))
    zero = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page[page.index("entry_no") - 60 :]))
    zero.pop("csrfmiddlewaretoken", None)
    assert client.post(url(f"tasks/{task.pk}/entries/"), zero).url == url(f"tasks/{task.pk}/submit/")
    assert CountEntry.objects.filter(line=line(count, "POT"), quantity=0).count() == 1
    assert client.post(url(f"tasks/{task.pk}/submit/")).url == url("tasks/")
    again = client.post(url(f"tasks/{task.pk}/submit/"), follow=True)
    assert again.status_code == 409
    closed_page = text(client.get(url(f"tasks/{task.pk}/")))
    assert 'class="entry"' not in closed_page


def test_tasks_of_others_and_free_ones(place, browse, li, wang, zhou):
    count = released(place)
    task = count.tasks.get(zone="A")
    client = browse(li)
    assert url(f"tasks/{task.pk}/claim/") in text(client.get(url("tasks/")))
    client.post(url(f"tasks/{task.pk}/claim/"))
    assert CountTask.objects.get(pk=task.pk).assignee == li
    other = browse(wang)
    assert other.get(url(f"tasks/{task.pk}/")).status_code == 403
    assert other.post(url(f"tasks/{task.pk}/claim/")).status_code == 409
    submit_task(task, actor=li)
    browse(zhou).post(url(f"tasks/{task.pk}/reopen/"), {"reason": "漏盘"})
    assert CountTask.objects.get(pk=task.pk).state == "open"


def test_who_is_logged_out_comes_back_to_the_task(place, client, li):
    task = released(place, li).tasks.get(zone="A")
    answer = client.get(url(f"tasks/{task.pk}/"))
    assert answer.url == f"/accounts/login/?next={url(f'tasks/{task.pk}/')}"


def test_tolerance_page(browse, person, organization):
    client = browse(person("shen", "finance"))
    assert client.post(url("tolerance/"), {"percent": "2", "quantity": "", "value": "x"}).status_code == 422
    assert client.post(url("tolerance/"), {"percent": "2", "quantity": "", "value": "500"}).status_code == 302
    assert "500" in text(client.get(url("tolerance/")))
    other = browse(person("zhou", "manager"))
    assert other.get(url("tolerance/")).status_code == 200
    assert other.post(url("tolerance/"), {"percent": "50"}).status_code == 403


# Excel round trip


def sheet(client, path):
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(b"".join(client.get(path))))
    return book.get_sheet_by_index(0).to_python()


def upload(client, path, rows):
    import csv

    out = io.StringIO()
    csv.writer(out).writerows(rows)
    file = io.BytesIO(out.getvalue().encode("utf-8-sig"))
    file.name = "盘点表.csv"
    return client.post(path, {"file": file})


def test_excel_round_trip(place, browse, li):
    count = released(place, li)
    task = count.tasks.get(zone="A")
    client, path = browse(li), url(f"tasks/{task.pk}/sheet/")
    head, *rows = sheet(client, f"{path}?export=xlsx")
    assert [(row[0], row[1], row[4], row[5]) for row in rows] == [("A-1", "POT", "件", ""), ("A-2", "CUP", "件", "")]
    rows[0][5], rows[0][4] = "200", "盒"
    rows.append(["A-2", "POT", "", "", "", "3", "清单外", ""])
    for _ in range(2):
        assert upload(client, path, [head, *rows]).status_code == 302
    entries = {
        (entry.line.stock_line.item.sku, entry.line.is_found, entry.base_quantity) for entry in CountEntry.objects.all()
    }
    assert (entries, CountEntry.objects.count()) == ({("POT", False, 1200), ("POT", True, 3)}, 2)


def test_a_wrong_sheet_is_refused_row_by_row(place, browse, li):
    task = released(place, li).tasks.get(zone="A")
    client, path = browse(li), url(f"tasks/{task.pk}/sheet/")
    head, *rows = sheet(client, f"{path}?export=xlsx")
    rows[0][5], rows[1][5] = "12", "-4"
    rows.append(["Z-9", "CUP", "", "", "", "3", "", ""])
    answer = upload(client, path, [head, *rows])
    assert answer.status_code == 422
    assert CountEntry.objects.count() == 0
    page = text(answer)
    assert ("3" in page, "4" in page, "Z-9" in page) == (True, True, True)
    assert upload(client, path, [["a", "b"], ["1", "2"]]).status_code == 422
    assert upload(client, path, [head, ["A-1", "POT", "", "", "", "", "", ""]]).status_code == 422


@pytest.mark.parametrize("rows", [[], [["A-1", "POT", "", "", "", "", "", ""]]])
def test_an_empty_sheet_says_what_to_do(place, browse, li, rows):
    task = released(place, li).tasks.get(zone="A")
    client, path = browse(li), url(f"tasks/{task.pk}/sheet/")
    answer = upload(client, path, [sheet(client, f"{path}?export=xlsx")[0], *rows])
    assert (answer.status_code, "表中没有任何数量" in text(answer)) == (422, True)


def test_the_sheet_of_a_whole_count_is_the_managers(place, browse, li, zhou):
    count = released(place, li)
    assert len(sheet(browse(zhou), url(f"{count.pk}/sheet/?export=xlsx"))) == 4
    assert browse(li).get(url(f"{count.pk}/sheet/")).status_code == 403


# Other companies


def test_foreign_ids_are_absent(place, browse, li, zhou, twin):
    from apps.core.tenancy import organization_scope

    with organization_scope(twin):
        other = released(shop())
        foreign = {"count": other.pk, "task": other.tasks.first().pk, "line": other.lines.first().pk}
    count = released(place, zhou)
    task = count.tasks.get(zone="A")
    client = browse(zhou)
    for path in (f"{foreign['count']}/", f"{foreign['count']}/progress/", f"tasks/{foreign['task']}/", f"{uuid4()}/"):
        assert client.get(url(path)).status_code == 404, path
    for path in (
        f"{foreign['count']}/close/",
        f"{foreign['count']}/release/",
        f"{foreign['count']}/cancel/",
        f"{foreign['count']}/recount/",
        f"tasks/{foreign['task']}/entries/",
        f"tasks/{foreign['task']}/submit/",
        f"tasks/{foreign['task']}/claim/",
        f"tasks/{foreign['task']}/assign/",
        f"tasks/{foreign['task']}/reopen/",
    ):
        assert client.post(url(path), {"reason": "…", "uncounted": "keep"}).status_code == 404, path
    assert client.get(url(f"new/?warehouse={other.warehouse_id}")).status_code == 200
    assert client.get(url(f"tasks/{task.pk}/?line={foreign['line']}")).status_code == 200
    with organization_scope(twin):
        assert Count.objects.get().state == "counting"
