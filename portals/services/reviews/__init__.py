"""Access reviews: begun each quarter or by hand, decided part by part, never by themselves."""

from portals.services.reviews.rounds import ReviewRefused, begin_review, run_reviews
from portals.services.reviews.verdicts import Decision, save_verdicts

__all__ = ["Decision", "ReviewRefused", "begin_review", "run_reviews", "save_verdicts"]
