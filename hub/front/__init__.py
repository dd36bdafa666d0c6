"""The front: reads requests whole, answers checks, and hands the rest to Django in a small pool.

One event loop holds every connection, so that somebody who sends or reads slowly costs a little
memory and no thread. `hub/rsgi.py` is the application that granian serves.
"""
