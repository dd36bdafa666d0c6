"""Forms that parse what people type; services decide whether it is allowed."""
