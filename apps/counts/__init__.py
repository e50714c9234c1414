"""Counting: plan, release with a snapshot, enter blind, recount by someone else, close.

Nouns: count (of a warehouse or chosen locations), task (what one person counts in one round), count line (a stock line
in a count, with its five numbers), entry (one thing somebody counted: an event, append-only), tolerance rule.

Laws
- Five numbers a line: snapshot, in, out, expected = snapshot + in − out, counted. Static counts cut the book at the
  snapshot and freeze their locations; dynamic counts carry movements up to the line's own count time.
- Not counted is not zero: a line without an entry has no counted quantity and no variance.
- Entries are kept, all of them, every round; undoing adds an entry that voids one. The last round counts.
- An entry's number is made by the device: sent again it changes nothing, sent again with another body it is refused.
- Nobody recounts a line that they counted; a counter sees no book quantity before the count is closed.
- Two open counts never hold the same stock.
- A count keeps the rules it was released with.

What to count next is ranked in `planning` from the organization's own history; it proposes, a manager plans.

It does not say what a variance means or change stock: `signals.count_closed` tells the upper floors.
"""
