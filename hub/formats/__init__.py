"""Dates and times as each language writes them, where Django's own habit is another."""
