"""Admin of counts."""
