"""Composes the apps and owns no model: settings, URLs, the WSGI front, home page, commands.

May import everything.
"""
