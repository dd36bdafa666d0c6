"""The reads of this app."""

from accounts.selectors.events import (
    activity_of,
    chain_names,
    desk_acts_on,
    details_of,
    history_of,
    sentence_of,
)
from accounts.selectors.hand_overs import open_hand_over
from accounts.selectors.paging import BadCursor, Page, page_of
from accounts.selectors.people import (
    SignInStatus,
    customers_for_staff,
    find_people,
    invitations_of,
    is_super_user,
    is_verified_address,
    membership_of,
    memberships_of,
    people_of,
    sent_invitations_of,
    sign_in_status_of,
    staff_with,
    super_users_of,
    verified_addresses,
)
from accounts.selectors.requests import (
    register_request_search,
    requests_of,
    requests_with_provider,
    settled_requests,
    waiting_requests,
)
from accounts.selectors.teams import (
    people_in,
    teams_of,
    teams_with,
    teams_without,
    with_people_counted,
)
from accounts.selectors.undo import removals_of

__all__ = [
    "BadCursor",
    "Page",
    "SignInStatus",
    "activity_of",
    "chain_names",
    "customers_for_staff",
    "desk_acts_on",
    "details_of",
    "find_people",
    "history_of",
    "invitations_of",
    "is_super_user",
    "is_verified_address",
    "membership_of",
    "memberships_of",
    "open_hand_over",
    "page_of",
    "people_in",
    "people_of",
    "register_request_search",
    "removals_of",
    "requests_of",
    "requests_with_provider",
    "sent_invitations_of",
    "sentence_of",
    "settled_requests",
    "sign_in_status_of",
    "staff_with",
    "super_users_of",
    "teams_of",
    "teams_with",
    "teams_without",
    "verified_addresses",
    "waiting_requests",
    "with_people_counted",
]
