"""Reads of this app: nouns or questions."""
