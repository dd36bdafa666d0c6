"""The API: a person's own choices, and what a portal may send."""
