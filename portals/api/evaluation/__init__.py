"""POST /access/v1/evaluation: may this person do this to that resource? (AuthZEN 1.0, section 6)

One function answers, over plain values. Django's route calls it, and so does the front in
hub/wsgi.py, which answers checks ahead of Django's middleware.
"""

from portals.api.evaluation.answers import (
    BODY_LIMIT,
    PATH,
    answer_environ,
    answer_evaluation,
    evaluation,
)

__all__ = ["BODY_LIMIT", "PATH", "answer_environ", "answer_evaluation", "evaluation"]
