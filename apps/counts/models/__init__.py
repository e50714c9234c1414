from apps.counts.models.counts import Count, CountLocation, CountTask, ToleranceRule
from apps.counts.models.lines import CountEntry, CountLine

__all__ = ["Count", "CountEntry", "CountLine", "CountLocation", "CountTask", "ToleranceRule"]
