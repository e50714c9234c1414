"""Telling people: the in-app inbox and mail.

Nouns: notification (a line in a member's inbox with a link to the work).

Laws
- A notification is written in the transaction of what it tells, mail goes out when that commits, by a job.
- It names the work, never a secret: no book quantities, no money, no person as a cause.
"""
