"""POST /access/v1/evaluation: may this person do this to that resource? (AuthZEN 1.0, section 6)

One function answers, over plain values. Django's route calls it, and so does the front
(hub/front/), which answers checks ahead of Django's middleware.
"""

from portals.api.evaluation.answers import (
    BODY_LIMIT,
    PATH,
    Check,
    answer_environ,
    answer_evaluation,
    evaluate,
    evaluation,
)
from portals.api.evaluation.responses import Refused

__all__ = [
    "BODY_LIMIT",
    "PATH",
    "Check",
    "Refused",
    "answer_environ",
    "answer_evaluation",
    "evaluate",
    "evaluation",
]
