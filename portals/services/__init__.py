"""Every write here: verb_noun, keyword-only, actor first, one transaction, one audit event."""
