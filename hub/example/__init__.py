"""The example provider, Harbour: its people alone, or with six months of history.

- `cast.py`: the people, companies and resources, all made at this moment; the tests' cast.
- `history.py`: the same people, and the larger company Dogwood Freight, over six months.
"""

from hub.example.cast import MANIFESTS, PASSWORD, load_example
from hub.example.history import load_history

__all__ = ["MANIFESTS", "PASSWORD", "load_example", "load_history"]
