"""Everything a bare machine needs to run the project: the embedded database, the supervisor, the doctor.

Standard library and psycopg only, no Django settings: the database has to be up before settings are used.
"""
