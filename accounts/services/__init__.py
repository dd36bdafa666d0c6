"""The writes of this app: each one act, in one transaction, with one audit event."""
