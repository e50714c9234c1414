"""The program that lays out a PDF: reads {"html", "attachments", "memory", "seconds"} as JSON, writes the PDF.

It runs apart from the worker, so that a page that never ends costs a process and not a worker. It fetches nothing.
"""

import json
import resource
import sys
from typing import Any, NoReturn


def refuse(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    raise ValueError(f"a PDF loads nothing: {url[:100]}")


def main() -> None:
    wish = json.load(sys.stdin.buffer)
    resource.setrlimit(resource.RLIMIT_AS, (wish["memory"], wish["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (wish["seconds"], wish["seconds"]))
    from weasyprint import HTML, Attachment

    pdf = HTML(string=wish["html"], url_fetcher=refuse).write_pdf(
        pdf_variant="pdf/a-3b",
        attachments=[
            Attachment(filename=each["path"], name=each["name"], description=each["description"], relationship="Data")
            for each in wish["attachments"]
        ],
    )
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
