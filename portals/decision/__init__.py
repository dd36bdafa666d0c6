"""May this person do this to that thing? One SQL statement answers, for everyone who asks.

The rule (DESIGN section 4). P may do V to R when all hold: P is active; P has a live membership
in R's customer; the customer and its subscription to the portal are live; R exists; and either P
is a Super User there and V is held by Super Users, or a grant in force exists for P or one of P's
teams in that customer, on R or an ancestor of R, of V or of a privilege that includes V.
"""

from portals.decision.checks import Checked, answer_check, decide
from portals.decision.sets import people_who_may, privileges_one_has, resources_one_may

__all__ = [
    "Checked",
    "answer_check",
    "decide",
    "people_who_may",
    "privileges_one_has",
    "resources_one_may",
]
