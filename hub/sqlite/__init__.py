"""Django's SQLite, where a table that is changed keeps its triggers."""
