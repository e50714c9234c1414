"""What is handed over: variance reports, their review and sign-off, their schedule.

Nouns: report (a version of a count's report in one language, a PDF with its hash), schedule (monthly, per
organization), figure (see selectors: the numbers of a report, all from settled variances and posted adjustments),
reconciliation (finance book, system and shelf, the two differences apart), self-check (what will make the next count
differ: units, barcodes, look-alikes, negative and uncounted stock, waiting documents, duties in one hand).

Laws
- A report shows what was approved and posted, never what was rejected; what is unexplained is always shown.
- A signed report is sealed: its bytes, hash, signer and time never change (trigger). What happens later makes a new
  version that names the one it replaces.
- Finance signs, with their password again; who counted, proposed or approved in it does not sign it.
"""
