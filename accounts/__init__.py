"""The identity of a person: people, customers, memberships, teams, invitations, support, audit.

It imports no other app of ours; portals, preferences and hub plug in by signals and registries.
"""
