"""Django's SQLite backend with triggers that survive a change of their table."""
