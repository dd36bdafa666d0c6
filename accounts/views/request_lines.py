"""The lines of a list of requests, in words that a template would look up for every row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.addresses import address_of
from accounts.languages import with_one_stop
from accounts.models import AccessRequest, User
from accounts.selectors.requests import Answering


@dataclass(frozen=True)
class RequestLine:
    """A request in a list, with its words for the reader and the labels of its buttons."""

    access_request: AccessRequest
    url: str
    is_own: bool  # the reader asked
    sentence: str
    when: str  # "asked on 28 Nov 2026, 2:05 pm"
    answering: Answering | None = None

    @property
    def select(self) -> str:
        """The label of its box."""
        return _with_what(_("Select: %(what)s"), self.sentence)

    @property
    def approve(self) -> str:
        """The label of the button that approves it."""
        return _with_what(_("Approve: %(what)s"), self.sentence)

    @property
    def refuse(self) -> str:
        """The label of the button that refuses it."""
        return _with_what(_("Refuse: %(what)s"), self.sentence)

    @property
    def withdraw(self) -> str:
        """The label of the button that withdraws it."""
        return _with_what(_("Withdraw: %(what)s"), self.access_request.phrase)


def request_lines(
    requests: Iterable[AccessRequest],
    *,
    reader: User,
    answering: Mapping[int, Answering] | None = None,
) -> list[RequestLine]:
    """Return the requests of one company as its people read them."""
    return [
        RequestLine(
            access_request=found,
            url=address_of("portals:request", found.customer.slug, found.uuid),
            is_own=(is_own := found.membership.user_id == reader.pk),
            sentence=found.own_sentence if is_own else found.sentence,
            when=_when(found),
            answering=(answering or {}).get(found.pk),
        )
        for found in requests
    ]


def request_lines_for_staff(
    requests: Iterable[AccessRequest], *, reader: User
) -> list[RequestLine]:
    """Return the requests with the provider as its staff read them."""
    return [
        RequestLine(
            access_request=found,
            url=address_of("portals:provider-request", found.uuid),
            is_own=found.membership.user_id == reader.pk,
            sentence=found.sentence,
            when=_when(found),
        )
        for found in requests
    ]


def _with_what(label: str, what: str) -> str:
    return with_one_stop(label % {"what": what})


def _when(found: AccessRequest) -> str:
    if found.answered_at is None:
        return with_one_stop(_("asked on %(when)s") % {"when": _written(found.created_at)})
    facts = {"who": found.answered_by, "when": _written(found.answered_at)}
    if found.answered_by is None:
        return with_one_stop(_("ended on %(when)s") % facts)
    return with_one_stop(_("answered by %(who)s on %(when)s") % facts)


def _written(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
