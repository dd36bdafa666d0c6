"""The decision: one SQL statement says whether a person may do something to a resource.

The rule: person P may do privilege V to resource R when all of these hold. P is active. P has a
live membership in R's customer. The customer and its subscription to the portal are active. R
exists. And either P is a Super User there and Super Users hold V, or that membership is the owner
of R and owners hold V, or P or one of P's teams in that customer has a grant in force, on R or an
ancestor of R, of V or a privilege that includes V.
"""

from portals.decision.checks import (
    Checker,
    CheckResult,
    answer_check,
    answer_checks,
    decide,
    is_denied_to_a_member,
)
from portals.decision.pages import (
    permitted_people_page,
    permitted_privileges_page,
    permitted_resources_page,
)
from portals.decision.sets import permitted_people, permitted_privileges, permitted_resources

__all__ = [
    "CheckResult",
    "Checker",
    "answer_check",
    "answer_checks",
    "decide",
    "is_denied_to_a_member",
    "permitted_people",
    "permitted_people_page",
    "permitted_privileges",
    "permitted_privileges_page",
    "permitted_resources",
    "permitted_resources_page",
]
