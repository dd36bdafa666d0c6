"""What people type on the pages of this app; forms parse, services decide."""
