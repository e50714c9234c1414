"""The way in and out for other systems: the import bundle, the REST API's root, exports.

Nouns: bundle (a folder, zip or workbook of the files in which companies bring their data), layout (how another system
writes such a file: data beside `layouts`, no code), reading (what the headings of one table mean), upload (files that
somebody brought, to be looked at, corrected and loaded), rework (its bad rows, to be mended and brought back), pull (a
place from which files are fetched on a schedule) and its deliveries, finding (one thing that is wrong with one cell).

Laws
- A load is all or nothing, and idempotent: the same rows again change nothing. Every bad row is reported, with file,
  row, column, code and a message in the user's language.
- It sets, it never adds. What it writes obeys the same constraints as every service.
- Page, API, command and schedule read a file alike; whatever a file does, the answer is rows or a refusal.
- Secrets of pulls are encrypted; nothing is fetched from inner networks unless the instance says so.

Nobody imports this app.
"""
