"""Writes of this app: one act, one transaction, one audit event."""
