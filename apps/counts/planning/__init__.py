"""What to count next: which stock lines are most likely wrong, and how much money a look at them finds.

`exposure` measures, set-based, what could have gone wrong at each stock line since it was last counted; `hazard` learns
from the organization's own closed counts how often and how badly it did (no Django, nothing of another organization);
`ranking` turns that into a list to count, with the reason for every line. What became known after the moment of
planning is never read, nor are the entries of open counts.
"""
