"""The same stock in two counts, both counted 90 of 100: refused, or stock 90. Never 80."""

from __future__ import annotations

import pytest

from apps.core.errors import Conflict
from apps.counts.services import close_count
from apps.movements.selectors import verify_balances
from apps.rectification.services import post_adjustment, propose_adjustment
from tests.rectification.builders import approved, posted, proposed
from tests.variances.builders import counted, document, enter, on_hand, start_count, stocked


@pytest.fixture
def item(organization):
    return stocked(quantity=100)


@pytest.fixture
def shen(person):
    return person("shen", "finance")


def test_one_after_the_other_before_either_is_adjusted(item, shen, system):
    first, second = counted({"HC-GL350-02": 90}), counted({"HC-GL350-02": 90})
    with pytest.raises(Conflict) as error:
        propose_adjustment(first, reason="…", actor=system)
    assert (error.value.code, error.value.rows[0].count(second.count_no)) == ("not_adjustable", 1)
    posted(second, shen)
    assert on_hand(item) == 90
    with pytest.raises(Conflict):
        propose_adjustment(first, reason="…", actor=system)
    assert (on_hand(item), verify_balances()) == (90, [])


def test_both_approved_before_the_second_count_closed(item, shen, system):
    """The first was approved in time, and the second overtakes it before it is posted."""
    adjustment = approved(counted({"HC-GL350-02": 90}), shen)
    second = counted({"HC-GL350-02": 90})
    with pytest.raises(Conflict) as error:
        post_adjustment(adjustment, actor=system)
    assert error.value.code == "not_adjustable"
    posted(second, shen)
    assert on_hand(item) == 90


def test_the_first_is_adjusted_before_the_second_count_begins(item, shen):
    posted(counted({"HC-GL350-02": 90}), shen)
    second = counted({"HC-GL350-02": 90})
    assert (second.variances.count(), on_hand(item)) == (0, 90)


def test_the_first_is_not_adjusted_under_a_running_count(item, shen, system):
    adjustment = approved(counted({"HC-GL350-02": 90}), shen)
    second = start_count()
    with pytest.raises(Conflict) as error:
        post_adjustment(adjustment, actor=system)
    assert error.value.code == "not_adjustable"
    enter(second, system, {"HC-GL350-02": 90})
    posted(close_count(second, actor=system), shen)
    assert on_hand(item) == 90


def test_a_manual_correction_in_between_stops_the_adjustment(item, shen, system):
    count = counted({"HC-GL350-02": 90})
    document("adjustment", item, -10)
    with pytest.raises(Conflict) as error:
        proposed(count)
    assert error.value.code == "not_adjustable"
    assert on_hand(item) == 90
