"""Access: portals, manifests, subscriptions, resources, grants and the decision.

It imports accounts only; preferences and hub connect to it from above.
"""
