"""Mail for programs: a person's own choices, and what a portal may send."""
