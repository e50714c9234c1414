"""API of counts."""
