KIND = "integrations.bundle"
"""The kind of the jobs that load a bundle."""

SHOWN = 500
"""How many findings a job's result holds; the file of errors holds all."""
