"""Every write of this app: verb_noun, keyword-only, one transaction, one audit event."""
