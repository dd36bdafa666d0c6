"""The signals that this app sends, for upper apps to answer; the receivers are in `receivers.py`.

Every one but `periodic_tick` is sent inside the service's transaction, so a receiver that raises
undoes the act. The comment above a signal says which arguments come with it, and what its receivers
return; `**_` in a receiver takes the rest.
"""

from django.dispatch import Signal

# membership, actor, invitation (or None): somebody joined a customer. Returns a list of names: what
# the invitation promised and can't be given any more.
membership_began = Signal()

# membership, actor (or None, where its own date ends it): somebody is about to leave a customer.
# What the database ends with the membership is still there. Returns as membership_ended.
membership_ending = Signal()

# membership, actor (or None, where its own date ended it): somebody left a customer. Returns a dict
# that the audit event of the end takes in, or None.
membership_ended = Signal()

# membership, actor, event: an undo of `event` brings a membership back. Returns a list of names:
# what can't come back.
membership_restoring = Signal()

# team, membership (None for somebody invited into it), actor, reason, signed_in_at,
# conditions_checked_at (or None): somebody is about to join a team. Raises what it refuses.
team_member_joining = Signal()

# team, actor: a team is about to be deleted. Returns a dict that its audit event takes in.
team_ending = Signal()

# team, actor, event: an undo of `event` brings a team back. Returns a list of names: what can't
# come back.
team_restoring = Signal()

# offboarding: a planned leaving is due. Returns a dict of lists, with `reassigned` and `skipped` in
# words, and whatever else the audit event keeps.
offboarding_due = Signal()

# access_request, actor, how (an upper app's own object, or None): a request was approved. A
# receiver does what was asked, or raises what it refuses.
request_approved = Signal()

# membership: its role has changed. Returns a dict that the audit event takes in.
role_changed = Signal()

# invitation, person (who has the invited address; None before the account), request: the page to
# accept it is shown or posted. Returns form fields to add to that page, by name.
invitation_opened = Signal()

# invitation, membership, answers (what was chosen in those fields, by name), network_address,
# browser: somebody accepted it on its page. A receiver raises what it refuses.
invitation_answered = Signal()

# invitation: it is withdrawn. Returns a dict that the audit event takes in.
invitation_withdrawn = Signal()

# invitation, actor, signed_in_at: the actor becomes the sender of a pending invitation, and so
# promises what it offers. Raises what it refuses.
invitation_taken_over = Signal()

# invitation, corrected: the second replaces the first, at the right address, in the transaction of
# its correction. A receiver moves what was offered.
invitation_corrected = Signal()

# customer: from another day on, or no longer, it demands a second factor of its people.
second_factor_changed = Signal()

# customer, is_on, domains: the company's own sign-in is on or off for these email domains now.
company_sign_in_switched = Signal()

# recovery: two of the staff agreed on a new main Super User of a company, which can stop it now.
recovery_approved = Signal()

# user: their sessions were ended, or their membership was; tokens must end too.
access_revoked = Signal()

# user, session_keys: these hub sessions of theirs are about to end; their rows are still there.
sessions_ending = Signal()

# user, session (a hub session, or None): every session of theirs but this one has ended.
other_sessions_ended = Signal()

# customer, notice_class: a notice about the company is sent. Returns the readers (with `email` and
# `language`) who get a copy of it.
collect_copy_recipients = Signal()

# Nothing comes with it: a worker's clock ticked. A receiver does what has fallen due, each item in
# a transaction of its own. Several workers have a clock each, so it must be safe to do twice.
periodic_tick = Signal()

# person: the support desk shows a person. Returns a panel for the page, or "" for nothing to say.
desk_person_shown = Signal()
