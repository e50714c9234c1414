"""Who is here: organizations, their members, and the way in.

Nouns: organization (a company, the tenant), user (a login, may belong to several organizations), member
(a person as one organization knows them: staff code, roles, department; with or without a login),
invitation, support grant, API token, job (long work with progress; its row is the truth, a queue message
only a hint).

Laws
- Nobody enters an organization but as a member; the platform operator only under a support grant that
  the owner gave, that ends by itself, and that shows in the audit log. A stranger gets the same 404 as
  for what doesn't exist.
- An organization always keeps one active owner.
- Every organization has one system member, the actor of imports and schedules; it never approves or signs.
- Work that takes long is a job: unique per kind and key, leased, cancellable, found again by the sweeper.

It knows nothing of stock.
"""
