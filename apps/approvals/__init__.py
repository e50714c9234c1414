"""Who said yes to what: approvals and their decisions, bound to the content that was shown.

Nouns: approval (a request for a yes, of a kind, about one object), decision (one person's yes or no, with a reason).

Laws
- An approval binds to a content hash. A later edit makes another hash, and the approval no longer counts.
- Whoever asked does not decide; further duties are declared by the app whose object it is.
- Decisions are append-only: the trail is what it was.

It knows no stock and no money: what an approval allows is carried out by the app that asked for it.
"""
