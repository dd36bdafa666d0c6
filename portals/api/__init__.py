"""The HTTP API for portals; each view calls one service or selector, as a page does."""
