"""The demo: its processes, its one-click sign-in and its email page.

Its URLs exist only when HUB_ENV=demo.
"""
