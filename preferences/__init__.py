"""What a person wants, and must, receive: notice classes, topics, choices, consent, the mail gate.

Mail reaches a recipient: a person (made with the account) or a subscriber without one. A consent
record is evidence; a choice, and the stop of all optional mail, follow from it by trigger. One SQL
statement (preferences.audience) says who gets a topic or a notice class, and why; the gate, the
pages, the API and campaigns all ask it.

May import accounts and portals.
"""
