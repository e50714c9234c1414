from apps.counts.selectors.lines import (
    LiveLine,
    VarianceRow,
    lines_for_counter,
    live_lines,
    uncounted_lines,
    variance_rows,
)
from apps.counts.selectors.overview import Overview, overview, overviews, released_count
from apps.counts.selectors.progress import Progress, beyond_tolerance, count_progress, my_tasks, progress
from apps.counts.selectors.sight import hidden_locations, is_recorder, sees_book

__all__ = [
    "LiveLine",
    "Overview",
    "Progress",
    "VarianceRow",
    "beyond_tolerance",
    "count_progress",
    "hidden_locations",
    "is_recorder",
    "lines_for_counter",
    "live_lines",
    "my_tasks",
    "overview",
    "overviews",
    "progress",
    "released_count",
    "sees_book",
    "uncounted_lines",
    "variance_rows",
]
