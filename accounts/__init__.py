"""Who a person is: people, customers, memberships, teams, invitations, support desk, audit.

May import nothing of ours; portals, preferences and hub plug in from above (signals, registries).
"""
