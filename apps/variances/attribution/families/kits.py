"""Kits built without issuing their components: they are off in the recipe's proportion."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import prod

from apps.variances.attribution.candidates import Evidence, Option, cited
from apps.variances.attribution.evidence import ZERO, DocumentLine, Dossier, within
from apps.variances.attribution.passages import shares

NAME = "kits"
Recipe = tuple[tuple[str, Fraction], ...]
MOST_PLACES = 2


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Kits whose usual components were not booked with them; the recipe is what their other builds took."""
    builds = [row for row in dossier.documents if row.doc_type == "assembly_in" and row.is_posted]
    taken = {row.id: _components(dossier, row) for row in builds}
    recipes: dict[str, Counter[Recipe]] = defaultdict(Counter)
    for row in builds:
        if taken[row.id] and row.quantity:
            recipe = tuple(sorted((sku, Fraction(quantity / row.quantity)) for sku, quantity in taken[row.id].items()))
            recipes[row.sku][recipe] += 1
    for row in builds:
        if not recipes[row.sku]:
            continue
        recipe, seen = max(recipes[row.sku].items(), key=lambda pair: (pair[1], pair[0]))
        missing = [(sku, ratio) for sku, ratio in recipe if sku not in taken[row.id]]
        if not missing or len(missing) == len(recipe) < 2:
            continue
        yield from _option(dossier, row, missing, 0.9 if seen > 1 else 0.5)


def _components(dossier: Dossier, row: DocumentLine) -> dict[str, Decimal]:
    key = dossier.source_key(row)
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for part in dossier.by_number.get(key, []) if key else ():
        if part.is_posted:
            found[part.sku] += part.quantity
    return dict(found)


def _option(
    dossier: Dossier, row: DocumentLine, missing: list[tuple[str, Fraction]], probability: float
) -> Iterator[tuple[str, Option]]:
    """The components leave together, from one place each."""
    places = []
    for sku, ratio in missing:
        lines = [line for line in dossier.by_place.get((row.warehouse, sku), []) if within(line, row.posted)]
        quantity = (row.quantity * ratio.numerator / ratio.denominator).quantize(Decimal("0.0001")).normalize()
        weighted = sorted(shares(dossier, lines, -1), key=lambda pair: -pair[1])[:MOST_PLACES]
        if weighted:
            places.append([(line, -quantity, share) for line, share in weighted])
    for chosen in product(*places):
        yield (
            f"kit {row.id}",
            Option(
                "issue_not_posted",
                tuple((line.id, quantity) for line, quantity, _share in chosen),
                probability * prod(share for _line, _quantity, share in chosen),
                "kit without components",
                (cited(row), Evidence("missing_document", "assembly_out")),
                department=row.department,
            ),
        )
