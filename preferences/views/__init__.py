"""Pages about email. Each reads a request and calls one service or selector."""
