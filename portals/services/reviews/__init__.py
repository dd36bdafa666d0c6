"""Access reviews: begun each quarter or by hand, decided part by part, never by themselves."""

from portals.services.reviews.decisions import ItemDecision, save_decisions
from portals.services.reviews.rounds import ReviewRefused, begin_review, run_reviews

__all__ = ["ItemDecision", "ReviewRefused", "begin_review", "run_reviews", "save_decisions"]
