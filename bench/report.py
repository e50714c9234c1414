"""The report of a count with every line in its attachments; and a long list as a workbook."""

from __future__ import annotations

import tempfile

from apps.core.sheets import write_sheet
from apps.movements.models import LedgerEntry
from apps.organizations.models import User
from apps.organizations.services import add_member
from apps.reports.services import prepare_report, render_report, sign_report
from bench.adjust import all_off
from bench.registry import Scene, benchmark

PASSWORD = "never used elsewhere"


class Reported:
    """A closed count in which every line differs, and its prepared report."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.count = all_off(scene)

    def ours(self) -> None:
        report = prepare_report(self.count, actor=self.scene.actor)
        assert render_report(report, actor=self.scene.actor).sha256


@benchmark("report of 500 variance lines", seconds=20, megabytes=400, sizes=(500,))
class SmallReport(Reported): ...


@benchmark("report of 50,000 variance lines", seconds=90, sizes=(50_000,))
class LargeReport(Reported): ...


@benchmark("signing 50,000 variance lines", seconds=90, sizes=(50_000,))
class SignedReport(Reported):
    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        user = User.objects.create_user("wei", password=PASSWORD)
        self.signer = add_member("wei", name="Wei", roles=["finance"], user=user, actor=scene.actor)
        self.report = render_report(prepare_report(self.count, actor=scene.actor), actor=scene.actor)

    def ours(self) -> None:
        assert sign_report(self.report, password=PASSWORD, actor=self.signer).signed_at


@benchmark("export of 100,000 rows to xlsx", seconds=60, megabytes=100, growth=True, sizes=(10_000,))
class Export:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def ours(self) -> None:
        columns = [(name, name) for name in ("posted_at", "sku", "name", "location", "doc_no", "quantity", "unit_cost")]
        rows = LedgerEntry.objects.values_list(
            "posted_at",
            "stock_line__item__sku",
            "stock_line__item__name",
            "stock_line__location__code",
            "line__document__doc_no",
            "quantity",
            "unit_cost",
        )
        with tempfile.TemporaryFile() as file:
            assert write_sheet(file, columns, rows.iterator(chunk_size=2000), kind="xlsx") == 100_000
