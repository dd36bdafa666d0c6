"""The demo: its processes, its one-click sign-in, its mail page.

Mounted when HUB_ENV=demo alone; in production none of it is in the URLs.
"""
