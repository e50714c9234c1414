from apps.rectification.services.deciding import approve_adjustment, reject_adjustment, withdraw_adjustment
from apps.rectification.services.posting import post_adjustment, reverse_adjustment
from apps.rectification.services.proposing import propose_adjustment

__all__ = [
    "approve_adjustment",
    "post_adjustment",
    "propose_adjustment",
    "reject_adjustment",
    "reverse_adjustment",
    "withdraw_adjustment",
]
