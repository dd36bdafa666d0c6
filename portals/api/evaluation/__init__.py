"""POST /access/v1/evaluation: may this person do this to that thing? (AuthZEN 1.0, section 6)

One function answers, over plain values. The route and the front in hub/wsgi.py, which spares a
check Django's middleware, both call it.
"""

from portals.api.evaluation.answers import (
    BODY_LIMIT,
    PATH,
    answer_environ,
    answer_evaluation,
    evaluation,
)

__all__ = ["BODY_LIMIT", "PATH", "answer_environ", "answer_evaluation", "evaluation"]
