"""What a person wants, and must, receive: notice classes, topics, choices, consent, the mail gate.

May import accounts and portals.
"""
