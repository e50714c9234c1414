"""What an organization knows beforehand: shipped defaults, corrected by its own confirmed and refuted cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.variances.attribution.inference import RestLaw
from apps.variances.attribution.pairs import Rates

WEIGHT = 20.0
"""Cases that a shipped default counts as."""

REST_SCALES = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0)
REST_WEIGHTS = (0.3, 0.3, 0.2, 0.12, 0.05, 0.03)
SIZE_WEIGHTS = (0.15, 0.35, 0.3, 0.15, 0.04, 0.01)


@dataclass(frozen=True)
class Priors:
    """`odds`: by signal, what the shipped odds are multiplied with. `version` names what was learned from."""

    version: str = "shipped"
    rho: float = 0.03
    rest_weights: tuple[float, ...] = REST_WEIGHTS
    moved: float = 0.01
    swapped: float = 0.004
    elsewhere: float = 0.3
    size_weights: tuple[float, ...] = SIZE_WEIGHTS
    odds: Mapping[str, float] = field(default_factory=dict)

    def rest(self, grain: int) -> RestLaw:
        return RestLaw(self.rho, REST_SCALES, self.rest_weights, grain)

    @property
    def rates(self) -> Rates:
        return Rates(
            self.moved, self.swapped, RestLaw(0.5, REST_SCALES, self.size_weights), self.rest(1), self.elsewhere
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Priors:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
        }
        return cls(**fields)

    def corrected(self, probability: float, signal: str) -> float:
        """The shipped probability of a candidate with this evidence, as the organization's own cases move it."""
        factor = self.odds.get(signal, 1.0)
        return probability * factor / (1 - probability + probability * factor)


SHIPPED = Priors()
