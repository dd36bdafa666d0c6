"""The hub as a client of a company's OpenID provider.

allauth's client makes the state and the code challenge, and redeems the code. It asks for no nonce,
takes an ID token from the token endpoint unread, prefers what userinfo says, and never compares the
issuer. That part is here. Nothing of allauth's social accounts is mounted or has a table.
"""
