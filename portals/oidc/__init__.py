"""The hub as the OpenID Connect provider of its portals.

allauth holds clients, tokens and keys. The endpoints are our own: oauthlib, below allauth's, keeps
a request's parameters and what the server has found out in one namespace, so that `?scopes=` or
`?user=` can stand in for it, and nearly every method would be replaced.
"""
