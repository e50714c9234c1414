"""From the variances of a closed count to corrected stock: proposing, and posting what was approved."""

from __future__ import annotations

from decimal import Decimal

from apps.counts.models import Count
from apps.counts.services import close_count, record_entries, release_count
from apps.movements.models import LedgerEntry
from apps.organizations.services import add_member
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.rectification.services import approve_adjustment, post_adjustment, propose_adjustment
from bench.counts import planned, wished
from bench.registry import Scene, benchmark
from bench.stock import WrittenLines


def all_off(scene: Scene) -> Count:
    """A closed count in which every line is one too many."""
    count = release_count(planned(scene), actor=scene.actor)
    record_entries(count, wished(scene, off=Decimal(1)), actor=scene.actor)
    scene.execute("ANALYZE counts_countline, counts_countentry")
    count = close_count(count, actor=scene.actor)
    scene.execute("ANALYZE counts_countline, variances_variance")
    return count


def propose(scene: Scene, count: Count) -> Adjustment:
    return propose_adjustment(count, reason="bench", actor=scene.actor)


@benchmark("propose an adjustment", goal=4)
class Propose:
    """Every variance of a count: checked against later counts and documents, frozen. The floor writes the lines and
    the states of the variances."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.count = scene, all_off(scene)
        for table in ("rectification_adjustmentline", "variances_variance"):
            scene.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING DEFAULTS INCLUDING INDEXES)")
        scene.execute("INSERT INTO bare_variances_variance SELECT * FROM variances_variance")

    def floor(self) -> None:
        self.scene.execute(
            "INSERT INTO bare_rectification_adjustmentline (id, organization_id, adjustment_id, variance_id, quantity,"
            " unit_cost, value, is_live) SELECT uuidv7(), organization_id, count_id, id, quantity,"
            " unit_cost, value, true FROM bare_variances_variance WHERE organization_id = %(org)s"
        )
        self.scene.execute("UPDATE bare_variances_variance SET state = 'proposed' WHERE organization_id = %(org)s")

    def ours(self) -> None:
        propose(self.scene, self.count)
        assert AdjustmentLine.objects.count() == self.scene.lines


@benchmark("post the approved adjustment", goal=4)
class Post(WrittenLines):
    """One transaction: the approved content compared, document lines, ledger, balances, variances closed. The floor
    writes lines, ledger, balances and the states of the variances."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        boss = add_member("boss", name="Boss", roles=["finance"], actor=scene.actor)
        proposed = propose(scene, all_off(scene))
        self.adjustment = approve_adjustment(proposed, content_hash=proposed.content_hash, actor=boss)
        scene.execute("ANALYZE rectification_adjustmentline, variances_variance")
        scene.execute("CREATE TABLE bare_variance (LIKE variances_variance INCLUDING DEFAULTS INCLUDING INDEXES)")
        scene.execute("INSERT INTO bare_variance SELECT * FROM variances_variance")

    def floor(self) -> None:
        self.write_lines()
        self.write_ledger()
        self.scene.execute("UPDATE bare_variance SET state = 'adjusted' WHERE organization_id = %(org)s")

    def ours(self) -> None:
        adjustment = post_adjustment(self.adjustment, actor=self.scene.actor)
        written = LedgerEntry.objects.filter(line__document=adjustment.document).count()
        assert written == self.scene.lines
