"""The way in and out for other systems: the import bundle, the REST API's root, exports.

Nouns: bundle (a folder, zip or workbook of the files in which companies bring their data), finding (one thing that is
wrong with one cell of it).

Laws
- A load is all or nothing, and idempotent: the same rows again change nothing. Every bad row is reported, with file,
  row, column, code and a message in the user's language.
- It sets, it never adds. What it writes obeys the same constraints as every service.

Nobody imports this app.
"""
