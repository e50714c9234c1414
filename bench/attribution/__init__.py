"""How well variances are explained, on companies whose true causes are known: `python -m bench.attribution`.

Each folder holds `bundle/`, `truth.csv.gz` and `scenario.json`. The truth is given to the scorer only; the engine never
reads it. Beside the engine stand three baselines on the same candidates, and the engine with nothing, 50 and all of
the company's confirmed cases.
"""
