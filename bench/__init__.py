"""Benchmarks: our services against the raw-SQL floor of the same run, on the same server, same rows, same indexes.

`python -m bench` makes a throw-away database, fills it, times each floor and each service and prints the ratios. A
module of this package registers its work with `registry.benchmark`; adding a module is all there is to plugging in.
Two programs stand by themselves: `python -m bench.retail` plays the loop with a year of real documents, `python -m
bench.pages` times the pages of a large company.
"""
