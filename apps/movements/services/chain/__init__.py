from apps.movements.services.chain.refresh import KIND, refresh_chain, set_limit
from apps.movements.services.chain.schedule import ensure_schedule

__all__ = ["KIND", "ensure_schedule", "refresh_chain", "set_limit"]
