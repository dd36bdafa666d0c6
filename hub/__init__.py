"""The composing app: settings, URLs, the front, the home page and commands; no models.

It is the top layer and may import every other app.
"""
