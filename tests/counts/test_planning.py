"""What to count next: the law that is learned, the order and its reasons, what is never read, repeatable draws."""

import json
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.core.errors import RuleViolation
from apps.core.tenancy import organization_scope
from apps.counts.planning.exposure import SOURCES
from apps.counts.planning.hazard import Prior, foresee, learn, shipped
from apps.counts.planning.ranking import learn_law, plan_lines
from apps.counts.services import close_count
from tests.counts.builders import enter, receive, released, shop
from tests.movements.builders import line, make_document

PRIORS = [Prior(0.02, 500, 1, 1), Prior(0.5, 20, 1, 0.5)]


def test_without_history_the_law_is_the_shipped_one():
    law = learn(PRIORS, np.zeros((0, 2)), np.ones((0, 2)), np.zeros(0))
    assert [law.rate.tolist(), law.size.tolist(), law.spread.tolist()] == [[0.02, 0.5], [0, 0], [1, 0.5]]


def test_rates_come_from_counts_and_a_few_odd_ones_move_little():
    exposure, scale = np.tile([1.0, 0.0], (2000, 1)), np.ones((2000, 2))
    wrong = np.zeros(2000)
    wrong[:400] = 1
    rate = learn(PRIORS, exposure, scale, wrong).rate
    assert abs(rate[0] - (0.02 * 500 + 2000 * -np.log(0.8)) / 2500) < 0.01  # strikes behind a share of hits: -ln(1 - p)
    assert rate[1] == 0.5
    assert abs(learn(PRIORS, exposure[:3], scale[:3], np.ones(3)).rate[0] - 0.02) < 0.01


def test_a_difference_is_laid_to_the_source_whose_size_fits():
    exposure = np.ones((200, 2))
    scale = np.tile([1.0, 50.0], (200, 1))
    law = learn([Prior(0.1, 20, 1, 0.5), Prior(0.1, 20, 1, 0.5)], exposure, scale, np.full(200, 50.0))
    assert law.rate[1] > 5 * law.rate[0]


def test_expected_difference_is_rate_times_scale_times_the_mean_of_its_size():
    risk, difference = foresee(shipped(PRIORS), np.array([[1.0, 2.0]]), np.array([[3.0, 10.0]]))
    assert risk.round(9).tolist() == [round(1 - float(np.exp(-1.02)), 9)]
    expected = [[0.02 * 3 * np.exp(0.5), 2 * 0.5 * 10 * np.exp(0.125)]]
    assert difference.round(9).tolist() == np.round(expected, 9).tolist()


def gift_waiting(place, quantity=90):
    """Cups that were handed out, on an approved document that nobody posted."""
    cups = line(place.cup, quantity, location=place.a2)
    return make_document("gift_issue", place.warehouse, cups, status="approved", occurred_at=timezone.now())


def test_goods_that_left_without_a_posting_come_first(organization):
    place = shop()
    gift_waiting(place)
    first = plan_lines(3, as_of=timezone.now())[0]
    waiting = next(source for source in SOURCES if source.code == "waiting")
    assert (first.line.sku, first.reason.startswith(str(waiting.reason))) == ("CUP", True)


def test_what_became_known_later_and_entries_of_open_counts_are_not_read(organization, person):
    place = shop()
    moment = timezone.now()
    before = plan_lines(3, as_of=moment)
    receive(place, place.pot, place.a1, 7)
    gift_waiting(place)
    count = released(place)
    enter(count, person("chen", "counter"), "CUP", 3)
    assert plan_lines(3, as_of=moment) == before


def test_closed_counts_are_learned_from(organization, person, system):
    place = shop()
    shipped_rates = learn_law(timezone.now()).rate
    count = released(place)
    counter = person("chen", "counter")
    enter(count, counter, "CUP", 70)
    enter(count, counter, "POT", 1000, location="A-1")
    close_count(count, actor=system)
    assert (learn_law(timezone.now()).rate > shipped_rates).any()
    assert (learn_law(count.snapshot_at).rate == shipped_rates).all()


def test_draws_are_repeatable_and_their_chance_is_told(organization):
    shop()
    one, two = (plan_lines(2, policy="random", as_of=timezone.now(), seed=7) for _ in range(2))
    assert [row.line for row in one] == [row.line for row in two]
    assert {row.inclusion for row in one} == {2 / 3}


def test_abc_is_turnover_value(organization):
    place = shop()
    receive(place, place.pot, place.a1, 30, "sales_issue")
    receive(place, place.cup, place.a2, 40, "sales_issue")
    assert [row.line.sku for row in plan_lines(2, policy="abc", as_of=timezone.now())] == ["POT", "CUP"]


def test_no_line_twice_and_no_more_than_there_are(organization):
    shop()
    plan = plan_lines(100, as_of=timezone.now())
    assert [row.rank for row in plan] == [1, 2, 3]
    assert {row.line.sku for row in plan} == {"POT", "CUP", "TEA"}


def test_an_empty_company_and_an_empty_budget(organization):
    assert plan_lines(5, as_of=timezone.now()) == []
    with pytest.raises(RuleViolation) as refused:
        plan_lines(0, as_of=timezone.now())
    assert refused.value.code == "budget_not_positive"


def test_the_twin_is_not_seen(organization, twin):
    shop()
    with organization_scope(twin):
        assert plan_lines(5, as_of=timezone.now()) == []


def test_the_command_speaks_the_contract(organization, capsys):
    place = shop()
    gift_waiting(place)
    call_command("plan_counts", "--organization", "alpha", "--budget", "2", "--format", "jsonl")
    rows = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    fields = ["rank", "warehouse", "location", "sku", "lot", "risk", "expected_abs_value", "reason"]
    assert [list(row) for row in rows] == [fields, fields]
    assert (rows[0]["rank"], rows[0]["sku"], rows[0]["location"]) == (1, "CUP", "A-2")


def test_the_command_refuses_in_words(organization, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("plan_counts", "--organization", "alpha", "--budget", "-1")
    assert ended.value.code == 1
    assert capsys.readouterr().err != ""


def test_times_are_the_organizations(organization, capsys):
    shop()
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%d")
    call_command("plan_counts", "--organization", "alpha", "--budget", "2", "--as-of", yesterday)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_values_are_money(organization):
    shop()
    assert all(isinstance(row.expected_abs_value, Decimal) for row in plan_lines(3, as_of=timezone.now()))
