"""Everything this app writes: one act, one transaction and one audit event each."""
