"""Access reviews: begun each quarter or by hand, and decided by Super Users only."""

from portals.permissions import ReviewRefused
from portals.services.reviews.decisions import ItemDecision, save_decisions
from portals.services.reviews.reminders import remind_reviewers
from portals.services.reviews.rounds import begin_review, run_reviews
from portals.services.reviews.unused import remove_unused

__all__ = [
    "ItemDecision",
    "ReviewRefused",
    "begin_review",
    "remind_reviewers",
    "remove_unused",
    "run_reviews",
    "save_decisions",
]
