"""Pages of this app: each parses, calls one service or selector, and answers."""
