"""Who a person is: people, customers, memberships, teams, invitations, support desk, audit.

It imports no other app of ours; portals, preferences and hub plug in by signals and registries.
"""
