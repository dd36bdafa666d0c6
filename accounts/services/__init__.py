"""Every write of this app: verb_noun, keyword-only, actor first, one transaction, one audit event."""
