"""Pages about access. Each loads what its reader may see and calls one service or selector."""
