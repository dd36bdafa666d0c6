"""POST /access/v1/evaluation: may this person do this to that resource? (AuthZEN 1.0, section 6)

One function answers, over plain values. Django's route calls it, and so does the front
(hub/front/), which answers checks ahead of Django's middleware. `batches` answers many
such questions in one call, behind it.
"""

from portals.api.evaluation.answers import (
    PATH,
    Check,
    answer_environ,
    answer_evaluation,
    evaluate,
    evaluation,
)
from portals.api.evaluation.batches import BATCH_BODY_LIMIT, BATCH_LIMIT, BATCH_PATH, evaluations
from portals.api.evaluation.exchange import BODY_LIMIT
from portals.api.evaluation.responses import Refused

__all__ = [
    "BATCH_BODY_LIMIT",
    "BATCH_LIMIT",
    "BATCH_PATH",
    "BODY_LIMIT",
    "PATH",
    "Check",
    "Refused",
    "answer_environ",
    "answer_evaluation",
    "evaluate",
    "evaluation",
    "evaluations",
]
