"""The front reads requests whole, answers checks and introspection, and hands the rest to Django.

Django runs in a small pool of threads. One event loop holds every connection, so that somebody who
sends or reads slowly costs a little memory and no thread. `hub/rsgi.py` is the application that
granian serves.
"""
