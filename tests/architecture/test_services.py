"""Every write is one audited service."""

from __future__ import annotations

import inspect
import re

from apps.audit.services import ACTIONS
from tests.architecture.code import APPS, services

CALL_OTHERS = {
    "apps.counts.services.entries.record_entry",
    "apps.integrations.services.loading.load_bundle",
    "apps.integrations.services.pulls.request_pull",
    "apps.integrations.services.uploads.request_import",
    "apps.integrations.services.uploads.request_load",
    "apps.organizations.services.access.create_token",
    "apps.reports.services.reports.draft_pdf",
    "apps.reports.services.schedules.prepare_month",
    "apps.variances.services.explaining.learn_priors",
    "apps.variances.services.explaining.request_explanations",
}
"""They take an actor and hand it to the audited services that write, or keep nothing at all."""

CODE = re.compile(r"([a-z_]+)\.[a-z_]+\.[a-z_]+")


def test_a_service_with_an_actor_leaves_exactly_one_entry():
    unaudited = {name for name, service in services().items() if not hasattr(service, "audit_action")}
    assert unaudited == CALL_OTHERS


def test_codes_are_well_formed_and_of_their_app():
    own = {code: run for code, run in ACTIONS.items() if not code.startswith("tests.")}
    wrong = {
        code: run.__module__
        for code, run in own.items()
        if not (found := CODE.fullmatch(code)) or run.__module__.split(".")[1] != found[1]
    }
    assert wrong == {}
    assert {code.split(".")[0] for code in own} <= set(APPS)


def test_the_actor_is_named_never_guessed():
    """Keyword-only and without a default: nobody writes by accident in nobody's name."""
    kinds = {
        name: (parameter.kind, parameter.default)
        for name, service in services().items()
        if (parameter := inspect.signature(service).parameters["actor"])
    }
    keyword_only = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty)
    assert {name: kind for name, kind in kinds.items() if kind != keyword_only} == {}
