"""Finding out why book and shelf differ: candidates from documents and counts, and exact inference over them.

The order of work
1. `gathering` reads what a count's window holds, with a fixed number of queries, into the plain rows of `evidence`.
2. `families` (a module each, registered in one place) propose candidates: a cause, a signed quantity, the documents,
   how likely it is by itself. One document, movement or physical unit is one group: at most one option is true.
3. `inference` solves a line exactly; `coupling` solves lines that share a document, a swap or a move together.
4. `explaining` names the best sets with their probability; what nothing explains stays unexplained.

Laws
- Adding up is almost no evidence: candidates come from documents and facts, never from a hunt for sums.
- People are never candidates; who keyed a document is a fact of the document and changes no ranking.
- Same input, same rule version, same priors: the same bytes out.
- Priors are the organization's own confirmed and refuted cases, shrunk to shipped defaults. Nothing crosses tenants.
- Strange input (contradictory documents, loops, missing units, future times) means less certainty, never a failure.
"""

RULES = "1"
"""Version of the rules: stored with every explanation, raised when a ranking may change."""
