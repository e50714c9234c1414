"""The isolation matrix tells how many requests it made, over all workers."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    properties = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "requests"
    ]
    if properties:
        terminalreporter.write_line(f"isolation matrix: {sum(properties)} requests")
