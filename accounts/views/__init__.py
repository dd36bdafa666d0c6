"""Pages of people and customers: each parses, calls one service or selector, and answers."""
