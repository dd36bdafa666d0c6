"""Strings of libraries that people see, listed so that our catalogue can translate them.

The libraries' own French says « e-mail » and uses other apostrophes. Our catalogue takes
precedence; `make messages` collects these strings, and no other code reads this module.
"""

from django.utils.translation import gettext_noop as _

STRINGS = (
    _("A user is already registered with this email address."),
    _("Be patient, you are sending too many requests."),
    _("Confirmation email sent to %(email)s."),
    _("Current Password"),
    _("Email"),
    _("Email address"),
    _("Enter a valid email address."),
    _("Incorrect password."),
    _("New Password"),
    _("New Password (again)"),
    _("Password (again)"),
    _("Password successfully changed."),
    _("Password successfully set."),
    _("Please type your current password."),
    _("Primary email address set."),
    _("Removed email address %(email)s."),
    _("Signed out of all other sessions."),
    _("The email address and/or password you specified are not correct."),
    _("The email address is not assigned to any user account."),
    _("The new value must be different from the current one."),
    _("The password reset token was invalid."),
    _("This account is currently inactive."),
    _("This email address is already associated with this account."),
    _("Unable to confirm %(email)s because it is already confirmed by a different account."),
    _("Use your password"),
    _("View your basic profile information"),
    _("View your email address"),
    _("View your user ID"),
    _("You cannot remove your primary email address (%(email)s)."),
    _("You cannot remove your primary email address."),
    _("You have confirmed %(email)s."),
    _("You have signed out."),
    _("You must type the same password each time."),
    _("Your primary email address must be verified."),
)
