"""The facts of a data item: whose data it is, where it comes from, why it is held and how long."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

Text = Any  # a text that is translated when it is shown


class Source(TextChoices):
    """The origin of data."""

    PERSON = "person", _("you")
    SUPER_USER = "super_user", _("a Super User of your company")
    STAFF = "staff", _("the provider's staff")
    PORTAL = "portal", _("the portals")
    HUB = "hub", _("the hub itself, while you use it")
    COMPANY_PROVIDER = "company_provider", _("your company's identity provider")
    MAIL_SERVER = "mail_server", _("the email servers of recipients")
    REFERRER = "referrer", _("somebody who knows you and referred you to us")


class Purpose(TextChoices):
    """Why data is held."""

    SIGN_IN = "sign_in", _("to sign you in")
    ACCESS = "access", _("to decide who may do what in the portals")
    COMPANY = "company", _("to let your company manage its people")
    SUPPORT = "support", _("to help you when you contact support")
    SECURITY = "security", _("to protect accounts and find misuse")
    NOTICES = "notices", _("to send required notices")
    TOPICS = "topics", _("to send the optional email you chose")
    PROOF = "proof", _("to prove what was done and agreed")
    OPERATION = "operation", _("to run the hub")
    RIGHTS = "rights", _("to give you your data")
    PROGRAMMES = "programmes", _("to run the referral and reseller programmes")


class Basis(TextChoices):
    """The legal basis of holding data."""

    CONTRACT = "contract", _("needed for the service that your company ordered")
    CONSENT = "consent", _("your consent")
    LAW = "law", _("required by law")
    INTEREST = "interest", _("needed to keep the service safe and working")


class Viewer(TextChoices):
    """The people who see data inside the hub."""

    PERSON = "person", _("you")
    SUPER_USERS = "super_users", _("Super Users of your company")
    COLLEAGUES = "colleagues", _("members of your company")
    SUPPORT = "support", _("the support desk")
    OPERATORS = "operators", _("the provider's operators")
    PRIVACY = "privacy", _("staff who answer requests about data")
    NOBODY = "nobody", _("nobody: programs only")


class Recipient(TextChoices):
    """The recipients of data outside of the hub."""

    PORTALS = "portals", _("the portals you open")
    MAIL_SERVICE = "mail_service", _("the service that delivers our email")
    COMPANY_PROVIDER = "company_provider", _("your company's identity provider")
    CARD_SERVICE = "card_service", _("Stripe, which takes payments by card, if you pay by card")
    REFERRED = "referred", _("somebody you refer to us, who learns your name")


class Start(TextChoices):
    """The moment from which a period of keeping runs."""

    CREATED = "created", pgettext_lazy("a period begins with", "it was written")
    ACCOUNT_END = "account_end", pgettext_lazy("a period begins with", "the account was closed")
    MEMBERSHIP_END = "membership_end", pgettext_lazy("a period begins with", "the membership ended")
    SETTLED = "settled", pgettext_lazy("a period begins with", "it was settled")
    EXPIRY = "expiry", pgettext_lazy("a period begins with", "it expired")
    CONSENT_END = "consent_end", pgettext_lazy("a period begins with", "the consent ended")
    REMOVED = "removed", pgettext_lazy("a period begins with", "the portal removed it")
    SENT = "sent", pgettext_lazy("a period begins with", "it was sent")


class Erase(Enum):
    """The effect of an erasure on data."""

    DELETE = "delete"
    BLANK = "blank"
    SHRED = "shred"
    KEEP = "keep"


@dataclass(frozen=True)
class Retention:
    """How long data is kept: days after a moment; None for no period.

    `by` is the code that deletes it then. Without any, the page says that nobody deletes it yet.
    """

    days: int | None
    start: Start
    by: str = ""

    @property
    def words(self) -> str:
        """The rule, as people read it."""
        if self.days is None:
            return str(
                _("No period is set. We delete it when you ask, unless the law wants it kept.")
            )
        if self.days == 0:
            text = _("It is deleted right after %(start)s.")
        else:
            text = (
                _("It is deleted %(period)s after %(start)s.")
                if self.by
                else _(
                    "We keep it for %(period)s after %(start)s. It isn't deleted automatically yet."
                )
            )
        return str(text) % {"period": period_words(self.days), "start": self.start.label}


def period_words(days: int) -> str:
    """Return a number of days as people say it: in years or months where that is exact."""
    if days % 365 == 0 and days:
        return ngettext("%(n)s year", "%(n)s years", days // 365) % {"n": days // 365}
    if days % 30 == 0 and days > 30:
        return ngettext("%(n)s month", "%(n)s months", days // 30) % {"n": days // 30}
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


@dataclass(frozen=True)
class Table:
    """Fields of one model that belong to an item, and how a row is found for a person.

    `person` are lookups of the row that lead to the User it is about, `address` the one that holds
    their address; one of them is enough. `actor` lead to a User who only did something: the row
    is about somebody else, whose words stay out of the export. `hidden` fields are secrets and
    never leave the hub. `copies` repeat other fields and are left out of the export too.

    An erasure does to the rows what their item says, or what `erase` says of this table. It empties
    every text of a row but the fields in `stays`.
    """

    model: str
    fields: str
    person: str = ""
    address: str = ""
    actor: str = ""
    hidden: str = ""
    copies: str = ""
    erase: Erase | None = None
    stays: str = ""

    def names(self, which: str = "fields") -> list[str]:
        """Return the names in one of the lists of fields, in their order."""
        return str(getattr(self, which)).split()

    @property
    def exported(self) -> list[str]:
        """The fields that the person's own export shows."""
        left_out = {*self.names("hidden"), *self.names("copies")}
        return [name for name in self.names() if name not in left_out]


@dataclass(frozen=True)
class DataItem:
    """One kind of data, in words for everybody, and the fields that hold it."""

    code: str
    label: Text
    holds: Text
    whose: Text
    sources: tuple[Source, ...]
    purposes: tuple[Purpose, ...]
    basis: Basis
    seen_by: tuple[Viewer, ...]
    retention: Retention
    erase: Erase
    tables: tuple[Table, ...]
    recipients: tuple[Recipient, ...] = ()
    addresses: Retention | None = None  # of the network addresses in it, where they go sooner
    kept_why: Text = ""  # why an erasure leaves it
    erased_last: int = 0  # the order of those that go last, since the others are found by them
    not_exported: Text = ""  # why the export has none of it

    @property
    def kept_words(self) -> str:
        """The time for which it is kept, as people read it."""
        if self.addresses is None:
            return self.retention.words
        words = {"period": period_words(self.addresses.days or 0)}
        after = _("Its network addresses are removed after %(period)s.") % words
        return f"{self.retention.words} {after}"

    @property
    def erase_words(self) -> str:
        """The effect of an erasure, as people read it."""
        words = {
            Erase.DELETE: _("It is deleted."),
            Erase.BLANK: _("Names and addresses are removed from it."),
            Erase.SHRED: _("Its key is deleted, so that nobody can read the words."),
            Erase.KEEP: _("It is kept."),
        }
        return " ".join(str(text) for text in (words[self.erase], self.kept_why) if text)


@dataclass(frozen=True)
class NotPersonal:
    """A model, or some of its fields, that say nothing about a person, and why."""

    model: str
    reason: str
    fields: str = "*"
