"""Where a person may act: portals, manifests, subscriptions, resources, grants, the decision.

May import accounts; preferences and hub plug in from above.
"""
