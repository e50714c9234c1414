"""Audit log: who did what, when, from where, before and after; chained, so that tampering shows.

Nouns: entry (one service call), chain (an organization's entries in order, each holding the hash of the
one before), head (sequence and hash of the last entry, signed and written to a folder outside the
database).

Laws
- Every service is wrapped in `services.audited(code)`: one transaction, exactly one entry. Nested
  services share a correlation id; their entries are written together, at the end, so that the chain's
  lock is always taken last.
- Entries are append-only by trigger. `services.verify_chain` finds edits, deletions, re-orderings and,
  against the signed heads, cut tails and full rewrites.

It never decides anything and never stores secrets.
"""
