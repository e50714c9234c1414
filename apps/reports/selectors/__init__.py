from apps.reports.selectors.content import content_hash, kept_content, report_content
from apps.reports.selectors.lines import Line, Part, report_lines

__all__ = ["Line", "Part", "content_hash", "kept_content", "report_content", "report_lines"]
