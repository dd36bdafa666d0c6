"""Everything this app reads."""
