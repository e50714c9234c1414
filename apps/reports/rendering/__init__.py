"""From figures to a page for paper: drawings, wording, the page as HTML, attachments."""
