"""The import bundle: from files to rows of the database, in sets.

A load runs in one transaction. Each file is parsed into a temporary table (`staging`), checked there by SQL
(`findings` name file, row, column), and written by INSERT … SELECT. Everything that is named by code (items,
warehouses, people) is written first, so that references are looked up in one place; facts (documents, counts) are
written only when nothing at all was found. One finding, and the caller rolls everything back.

`formats` says what files, columns and keys there are; `people`, `catalog`, `stock`, `documents`, `counts` and
`causes` each know their own.
"""
