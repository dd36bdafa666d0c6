"""Pages of this app: each loads what its reader may see, calls one service, renders."""
