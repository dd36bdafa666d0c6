"""The whole of Home, for the person whose page it is and for whoever looks at it with them."""

from typing import Any

from accounts.models import User
from accounts.selectors.delays import delayed_acts_of
from accounts.selectors.recoveries import announced_to
from hub.home.company import work_of
from hub.home.own import own_of
from hub.home.staff import staff_work_of
from portals.selectors.launcher import launcher_of


def home_of(user: User) -> dict[str, Any]:
    """Return what a person's Home shows: portals and work, company by company; staff, their work.

    Nothing in it is secret: the support desk can look at it (hub.viewing).
    """
    launcher = launcher_of(user)
    groups = [
        (group, work_of(group.membership), None)
        if group.membership.is_super_user
        else (group, None, own_of(group.membership))
        for group in launcher.groups
    ]
    memberships = [group.membership for group in launcher.groups]
    is_recovering = any(membership.has_recovery for membership in memberships)
    # Whoever is in no company may still have left one while something waited.
    may_wait = not memberships or memberships[0].has_delayed_act
    return {
        "groups": groups,
        "recoveries": list(announced_to(user)) if is_recovering else [],
        "delayed_acts": delayed_acts_of(user) if may_wait else [],
        "suspended": launcher.suspended,
        "staff": staff_work_of(user) if user.is_staff else None,
    }
