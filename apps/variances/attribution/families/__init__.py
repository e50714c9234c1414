"""The families of candidates. A new one is a module with NAME and `propose`, entered in this list and nowhere else."""

from apps.variances.attribution.candidates import Family
from apps.variances.attribution.families import (
    counting,
    cutoff,
    delivery,
    duplicates,
    gifts,
    keying,
    kits,
    natural_loss,
    previous,
    reversed_posting,
    sync,
    transfers,
    units,
    unposted,
    wrong_item,
)

FAMILIES: tuple[Family, ...] = (
    cutoff,
    unposted,
    gifts,
    delivery,
    keying,
    units,
    wrong_item,
    transfers,
    duplicates,
    reversed_posting,
    counting,
    previous,
    kits,
    natural_loss,
    sync,
)
