"""The composing app: settings, URLs, the front, the home page and commands; no models.

It is the top layer and may import every other app.
"""

import gc

gc.set_threshold(10_000)  # with Python's 700 to 2,000, the hub takes a sixth longer to start
