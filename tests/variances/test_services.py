from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.tenancy import organization_scope
from apps.counts.services import close_count, set_tolerance
from apps.movements.services import reverse_document
from apps.notifications.models import Notification
from apps.organizations.models import Member
from apps.organizations.selectors import system_member
from apps.organizations.services import open_organization
from apps.variances.enums import BUILT_IN_CAUSES
from apps.variances.models import Cause, CauseType, Evidence, LateDocument, Variance
from apps.variances.services import (
    add_evidence,
    assign_variance,
    compute_variances,
    confirm_cause,
    remove_cause,
    save_cause_type,
)
from tests.variances.builders import (
    cause_type,
    counted,
    document,
    enter,
    start_count,
    stocked,
    variance_of,
)


@pytest.fixture
def lin(person) -> Member:
    return person("lin", "controller", name="林晓")


@pytest.fixture
def loss(organization) -> Variance:
    """Book 1200, counted 1160."""
    stocked()
    return variance_of(counted({"HC-GL350-02": 1160}))


def codes(variance: Variance) -> list[tuple[str, Decimal]]:
    return [(cause.cause_type.code, cause.quantity) for cause in variance.causes.all()]


# computing


def test_the_case_that_must_work(loss):
    assert (loss.book, loss.counted, loss.quantity) == (1200, 1160, -40)
    assert (loss.value, loss.percent, loss.unexplained) == (Decimal("-1072.00"), Decimal("-3.3333"), -40)
    assert (loss.verdict, loss.state) == ("beyond", "open")


def test_counted_zero_is_a_variance_and_not_counted_is_none(organization):
    stocked(quantity=100, cost=5)
    stocked("OTHER", 30)
    count = counted({"HC-GL350-02": 0})
    assert [(v.quantity, v.value) for v in Variance.objects.filter(count=count)] == [(-100, -500)]


def test_matching_lines_have_no_variance_and_computing_again_changes_nothing(organization, system):
    stocked()
    count = counted({"HC-GL350-02": 1200})
    compute_variances(count, actor=system)
    assert Variance.objects.count() == 0


def test_computing_again_keeps_what_was_found(loss, system):
    compute_variances(loss.count, actor=system)
    assert [v.pk for v in Variance.objects.all()] == [loss.pk]


def test_an_open_count_is_not_compared(organization, system):
    stocked()
    with pytest.raises(Conflict) as error:
        compute_variances(start_count(), actor=system)
    assert error.value.code == "count_open"


def test_value_is_rounded_to_cents_half_away_from_zero(organization):
    stocked("LOSS", 10, cost="0.125")
    stocked("GAIN", 10, cost="0.125")
    count = counted({"LOSS": 9, "GAIN": 11})
    assert [variance_of(count, sku).value for sku in ("LOSS", "GAIN")] == [Decimal("-0.13"), Decimal("0.13")]


@pytest.mark.parametrize(
    ("limits", "book", "found", "verdict"),
    [
        ({}, 100, 99, "beyond"),
        ({"percent": 1}, 100, 99, "within"),
        ({"percent": 1}, 100, 98, "beyond"),
        ({"percent": "0.9999"}, 100, 99, "beyond"),
        ({"percent": 50}, 0, 1, "beyond"),
        ({"quantity": 1}, 0, 1, "within"),
        ({"percent": 100, "quantity": 1}, 100, 98, "beyond"),
        ({"percent": 100, "quantity": 2, "value": 6}, 100, 98, "within"),
        ({"percent": 100, "quantity": 2, "value": "5.99"}, 100, 98, "beyond"),
    ],
)
def test_verdict_is_within_every_limit_that_is_set(organization, system, limits, book, found, verdict):
    if limits:
        set_tolerance(**limits, actor=system)
    stocked(quantity=book, cost=3)
    assert variance_of(counted({"HC-GL350-02": found})).verdict == verdict


def test_empty_and_negative_books_have_their_percentage_defined(organization):
    stocked("EMPTY", 0)
    minus = stocked("MINUS", 10)
    document("scrap", minus, 20)
    count = counted({"EMPTY": 24, "MINUS": 5})
    assert variance_of(count, "EMPTY").percent is None
    assert (variance_of(count, "MINUS").quantity, variance_of(count, "MINUS").percent) == (15, 150)


# causes


def test_several_causes_explain_one_variance(loss, lin):
    for code, quantity in (("gift_unrecorded", -20), ("scrap_unrecorded", -10), ("keying_error", -10)):
        confirm_cause(loss, cause_type(code), Decimal(quantity), actor=lin)
    loss.refresh_from_db()
    assert codes(loss) == [("gift_unrecorded", -20), ("scrap_unrecorded", -10), ("keying_error", -10)]
    assert (loss.unexplained, loss.state) == (0, "explained")


def test_documents_and_entries_are_kept_with_the_cause(loss, lin):
    gift = document("gift_issue", loss.stock_line.item, 20)
    entry = loss.count_line.entries.get()
    cause = confirm_cause(
        loss,
        cause_type("gift_unrecorded"),
        -20,
        document_lines=[gift.lines.get()],
        count_entries=[entry],
        actor=lin,
    )
    assert [(e.kind, e.document_line, e.count_entry) for e in cause.evidence.order_by("kind")] == [
        ("count_entry", None, entry),
        ("document_line", gift.lines.get(), None),
    ]


def test_a_person_is_a_cause_only_when_said_so(loss, lin, person):
    gift = document("gift_issue", loss.stock_line.item, 20, operator=person("wu", "manager"))
    cause = confirm_cause(loss, cause_type("gift_unrecorded"), -20, document_lines=[gift.lines.get()], actor=lin)
    assert cause.person is None
    named = confirm_cause(loss, cause_type("keying_error"), -10, person=lin, actor=lin)
    assert (named.person, named.confirmed_by) == (lin, lin)


@pytest.mark.parametrize(
    ("code", "quantity", "refusal"),
    [
        ("gift_unrecorded", -41, "over_explained"),
        ("keying_error", "0", "zero_quantity"),
        ("gift_unrecorded", 5, "wrong_sign"),
        ("receipt_not_posted", -5, "wrong_sign"),
        ("keying_error", "1,000", "number_format"),
    ],
)
def test_a_cause_is_refused(loss, lin, code, quantity, refusal):
    with pytest.raises(RuleViolation) as error:
        confirm_cause(loss, cause_type(code), quantity, actor=lin)
    assert error.value.code == refusal
    loss.refresh_from_db()
    assert (loss.unexplained, codes(loss)) == (-40, [])


def test_over_explaining_is_refused_with_the_numbers(loss, lin):
    confirm_cause(loss, cause_type("gift_unrecorded"), -30, actor=lin)
    with pytest.raises(RuleViolation) as error:
        confirm_cause(loss, cause_type("scrap_unrecorded"), -20, actor=lin)
    assert [number for number in ("−40", "−30", "−20", "−10") if number not in str(error.value)] == []


def test_an_opposite_cause_makes_room(loss, lin):
    confirm_cause(loss, cause_type("receipt_not_posted"), 5, actor=lin)
    confirm_cause(loss, cause_type("keying_error"), -45, actor=lin)
    loss.refresh_from_db()
    assert (loss.unexplained, loss.state) == (0, "explained")
    with pytest.raises(RuleViolation) as error:
        remove_cause(loss.causes.get(quantity=5), reason="误点", actor=lin)
    assert error.value.code == "over_explained"


def test_taking_a_cause_back_opens_the_variance_and_keeps_files(loss, lin):
    cause = confirm_cause(loss, cause_type("gift_unrecorded"), -40, actor=lin)
    kept = add_evidence(loss, cause=cause, kind="note", note="市场部签收单 20 件", actor=lin)
    with pytest.raises(RuleViolation) as error:
        remove_cause(cause, reason=" ", actor=lin)
    assert error.value.code == "reason_missing"
    variance = remove_cause(cause, reason="数量有误", actor=lin)
    assert (variance.unexplained, variance.state, Cause.objects.count()) == (-40, "open", 0)
    kept.refresh_from_db()
    assert kept.cause is None
    with pytest.raises(Conflict) as gone:
        remove_cause(cause, reason="再来一次", actor=lin)
    assert gone.value.code == "cause_gone"


def test_each_write_is_audited_once(loss, lin):
    cause = confirm_cause(loss, cause_type("gift_unrecorded"), -20, actor=lin)
    remove_cause(cause, reason="数量有误", actor=lin)
    actions = AuditEntry.objects.filter(actor=lin).order_by("sequence")
    assert [entry.action for entry in actions] == ["variances.cause.confirmed", "variances.cause.removed"]
    assert actions[0].facts["unexplained"] == "-20"
    assert actions[1].facts["reason"] == "数量有误"


def test_an_unused_cause_type_is_refused(loss, lin, person):
    save_cause_type("cutoff", name="", is_active=False, actor=person("boss", "owner"))
    with pytest.raises(RuleViolation) as error:
        confirm_cause(loss, cause_type("cutoff"), -1, actor=lin)
    assert error.value.code == "inactive_cause"


# the database holds the sum


def breaks_the_sum(variance: Variance, statements: list[tuple[str, list]]) -> None:
    """Run raw SQL and the checks that wait for the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, parameters in statements:
            cursor.execute(sql, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_raw_sql_cannot_break_the_sum(loss, lin):
    confirm_cause(loss, cause_type("gift_unrecorded"), -20, actor=lin)
    mine = [loss.organization_id, loss.pk]
    for sql in (
        "UPDATE variances_variance SET unexplained = 0 WHERE organization_id = %s AND id = %s",
        "UPDATE variances_cause SET quantity = -19 WHERE organization_id = %s AND variance_id = %s",
        "DELETE FROM variances_cause WHERE organization_id = %s AND variance_id = %s",
    ):
        with pytest.raises(IntegrityError, match="do not add up"):
            breaks_the_sum(loss, [(sql, mine)])


@pytest.mark.django_db(transaction=True)
def test_the_commit_fails_after_the_scope_has_ended():
    """Row-level security hides the rows when deferred triggers run; they look all the same."""
    company = open_organization("alpha", name="甲公司")
    with organization_scope(company):
        stocked()
        variance = variance_of(counted({"HC-GL350-02": 1160}))
    with (
        pytest.raises(IntegrityError, match="do not add up"),
        organization_scope(company),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO variances_cause (id, organization_id, variance_id, cause_type_id, quantity, note,"
            " confirmed_by_id, confirmed_at) SELECT stockcheck_uuid7(), %s, %s, %s, -5, '', %s, now()",
            [company.pk, variance.pk, cause_type("keying_error").pk, system_member().pk],
        )
    with organization_scope(company):
        assert Cause.objects.count() == 0


# evidence


def test_files_are_checked_by_name_size_and_content(loss, lin):
    good = add_evidence(
        loss, kind="file", file=ContentFile(b"\x89PNG\r\n\x1a\n" + b"0" * 20, "C:\\破损 照片.PNG"), actor=lin
    )
    assert (good.file_name, good.file.name) == (
        "破损 照片.PNG",
        f"{loss.organization_id}/evidence/{good.pk}.png",
    )
    for file, refusal in (
        (ContentFile(b"<script>", "x.html"), "file_type"),
        (ContentFile(b"<svg>", "x.svg"), "file_type"),
        (ContentFile(b"MZ...", "x.pdf"), "file_content"),
        (ContentFile(b"", "x.txt"), "file_size"),
        (ContentFile(b"a" * (10 * 1024 * 1024 + 1), "x.txt"), "file_size"),
        (None, "evidence_incomplete"),
    ):
        with pytest.raises(RuleViolation) as error:
            add_evidence(loss, kind="file", file=file, actor=lin)
        assert error.value.code == refusal
    assert Evidence.objects.count() == 1


def test_evidence_belongs_to_its_variance(loss, lin):
    stocked("OTHER", 10)
    other = variance_of(counted({"OTHER": 9}), "OTHER")
    cause = confirm_cause(other, cause_type("scrap_unrecorded"), -1, actor=lin)
    with pytest.raises(RuleViolation) as error:
        add_evidence(loss, cause=cause, kind="note", note="…", actor=lin)
    assert error.value.code == "other_variance"


# taxonomy


def test_every_organization_starts_with_the_built_in_types(organization):
    found = list(CauseType.objects.values_list("code", "group", "sign"))
    assert found == [(code, group, sign) for code, group, sign, _name in BUILT_IN_CAUSES]


def test_own_types_stand_below_a_built_in_one(loss, lin, person):
    owner = person("boss", "owner")
    own = save_cause_type("gift-livestream", name="直播赠品", parent=cause_type("gift_unrecorded"), actor=owner)
    assert (own.group, own.sign, str(own)) == ("I", "-", "直播赠品")
    confirm_cause(loss, own, -3, actor=lin)
    for values, refusal in (
        ({"parent": None}, "parent_missing"),
        ({"parent": own}, "parent_missing"),
        ({"parent": cause_type("gift_unrecorded"), "sign": "+"}, "wrong_sign"),
    ):
        with pytest.raises(RuleViolation) as error:
            save_cause_type("another", name="另一个", actor=owner, **values)
        assert error.value.code == refusal
    with pytest.raises(Forbidden):
        save_cause_type("mine", name="x", parent=cause_type("cutoff"), actor=lin)


# assigning


def test_assigning_tells_the_investigator(loss, lin, person):
    zhou = person("zhou", "manager")
    variance = assign_variance(loss, lin, actor=zhou)
    assert (variance.assignee, variance.due_on) == (lin, timezone.localdate())
    told = Notification.objects.get()
    assert (told.member, told.url) == (lin, f"variances/{loss.pk}/")
    with pytest.raises(RuleViolation) as error:
        assign_variance(loss, person("he", "counter"), actor=zhou)
    assert error.value.code == "cannot_see"
    assert assign_variance(loss, None, actor=zhou).due_on is None


# late documents


def test_a_document_dated_before_a_closed_count_is_booked_and_flagged(loss, lin):
    before = timezone.now() - timedelta(days=1)
    receipt = document("receipt", loss.stock_line.item, 7, occurred_at=before)
    assert receipt.status == "posted"
    late = LateDocument.objects.get()
    assert (late.count_line_id, late.document_line, late.quantity) == (
        loss.count_line_id,
        receipt.lines.get(),
        7,
    )
    loss.refresh_from_db()
    assert (loss.book, loss.quantity) == (1200, -40)
    assert list(Notification.objects.values_list("member", "url")) == [
        (lin.pk, f"variances/?count={loss.count_id}&late=1")
    ]


def test_what_moved_after_the_count_is_not_late(loss):
    document("receipt", loss.stock_line.item, 7)
    assert LateDocument.objects.count() == 0


def test_reversing_what_the_book_contained_is_late_and_a_late_one_cancels_out(organization, system):
    item = stocked()
    wrong = document("receipt", item, 10)
    count = counted({"HC-GL350-02": 1200})
    reverse_document(wrong, reason="重复入库", actor=system)
    late = document("receipt", item, 7, occurred_at=timezone.now() - timedelta(days=1))
    reverse_document(late, reason="日期有误", actor=system)
    after = document("receipt", item, 4)
    reverse_document(after, reason="录错", actor=system)
    flagged = LateDocument.objects.filter(count_line__count=count).order_by("noticed_at")
    assert [row.quantity for row in flagged] == [-10, 7, -7]


def test_only_the_latest_closed_count_is_flagged(organization):
    item = stocked()
    counted({"HC-GL350-02": 1160})
    second = counted({"HC-GL350-02": 1150})
    document("receipt", item, 7, occurred_at=timezone.now() - timedelta(days=1))
    assert [row.count_line.count for row in LateDocument.objects.all()] == [second]


def test_posted_between_cut_off_and_close_is_noticed_at_the_close(organization, system):
    item = stocked()
    count = start_count(mode="dynamic", at=timezone.now() - timedelta(minutes=30))
    enter(count, system, {"HC-GL350-02": 1193}, counted_at=timezone.now() - timedelta(minutes=5))
    document("sales_issue", item, 7, occurred_at=timezone.now() - timedelta(hours=1))
    close_count(count, actor=system)
    assert variance_of(count).quantity == -7
    assert [row.quantity for row in LateDocument.objects.all()] == [-7]
