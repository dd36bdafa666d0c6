"""Django's PostgreSQL backend that asks less often whether the server is there."""
