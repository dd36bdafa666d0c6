"""Pages about people and customers. Each reads a request and calls one service or selector."""
