from apps.counts.selectors.lines import lines_for_counter, live_lines, uncounted_lines
from apps.counts.selectors.sight import hidden_locations, is_recorder, sees_book

__all__ = [
    "hidden_locations",
    "is_recorder",
    "lines_for_counter",
    "live_lines",
    "sees_book",
    "uncounted_lines",
]
