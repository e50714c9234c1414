"""From figures to a file: drawings, the page as HTML, attachments, and the child process that makes the PDF.

`child` runs alone: it may import nothing of Django.
"""
