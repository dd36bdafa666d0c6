"""The writes of this app: one act, one transaction, one entry in the activity log."""
