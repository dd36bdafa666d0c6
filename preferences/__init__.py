"""The email that a person wants and must receive: classes, topics, choices, consent, the gate.

A recipient is a person, or a subscriber without an account. A consent record is evidence; triggers
derive from it the choice of a topic and the stop of all optional email. One SQL statement
(preferences.audience) decides who gets a topic or a notice class, and why. The gate, the pages, the
API and campaigns all use it.

May import accounts and portals.
"""
