"""Layouts: how other systems write what a bundle's files hold.

A layout is data: a TOML file beside this one, or (for our own files) the page of formats. It says by which headings a
table is recognized, which of our columns each heading means, and the few rules that turn a row into ours. A new
layout is a new file and no code.

`catalogue` loads them, `recognition` finds layout and headings in the first rows of a table, `translation` reads a
table by what was found (a `Reading`), which a person may correct and which is remembered by its headings.
"""
