"""Why count and book differ: variances, their causes, the evidence.

Nouns: variance (a counted line whose count is not its book), verdict (within or beyond tolerance), cause type (the
taxonomy: built in, and the organization's own below it), cause (a quantity of a variance that a person explained),
evidence (what shows it: a document line, a count entry, a file, a note), unexplained (the rest, always shown).

Laws
- Variances are computed once, when a count closes, from its settled five numbers. Every line keeps its evidence,
  matching ones too.
- variance = sum of causes + unexplained, always: a constraint trigger checks it when a transaction commits.
- An explanation is proposed by `attribution` from ledger and documents, with its probability; it is no cause before a
  person confirms it.
- Several causes may explain one variance; each carries the sign of what it did to the stock.
- Nothing says a person is a cause before a person said so; `confirmed_by` is that person.
- A document that arrives for a time before a closed count is flagged on the variance; the count's numbers stay.

It changes no stock: that is rectification.
"""
