"""Sending a notice: to one reader in their language, with copies to a company's contacts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.emails.content import Block, Content, Kind
from accounts.emails.rendering import render_email
from accounts.models import Customer, Membership, User
from accounts.signals import collect_copy_recipients

# The gate (preferences/gate/intake.py) reads and strips this; it sends no message without one.
NOTICE_CLASS_HEADER = "X-Hub-Notice-Class"


class Reader(Protocol):
    """Somebody an email goes to: a person, or an Address."""

    @property
    def email(self) -> str:
        """The address it is sent to."""

    @property
    def language(self) -> str:
        """The code of the language it is written in."""


@dataclass(frozen=True)
class Address:
    """An address that may have no account, and the language to write to it in."""

    email: str
    language: str


def send_to(
    to: Reader,
    /,
    template: str,
    *,
    notice_class: str,
    path: str = "",
    zone: tzinfo | None = None,
    reply_to: str = "",
    copied_about: Membership | None = None,
    **context: Any,
) -> None:
    """Send one notice to one reader, in their language.

    `template` and `context` are as in compose_notice; `path` becomes `link`, on the configured
    host; who goes by another name than the reader's is `greeted`; `zone` is the time zone of the
    company it is about, else it is the reader's. Answers go to `reply_to`, or where the provider
    wants them. With `copied_about`, the membership it concerns, a copy goes to the contacts that
    their company named for this class: never ask for one where the email holds a secret. The gate
    raises for an unknown class.
    """
    if path:
        context["link"] = absolute(path)
    context.setdefault("reader", to)
    with translation.override(to.language):  # the gate adds the footer in it
        notice = compose_notice(to, template, notice_class=notice_class, zone=zone, **context)
        notice.reply_to = [reply_to] if reply_to else []
        notice.send()
    if copied_about is not None:
        send_copies(
            customer=copied_about.customer,
            concerned=[copied_about],
            already_sent_to=[to.email],
            template=template,
            notice_class=notice_class,
            **context,
        )


class HubEmail(EmailMessage):
    """An email with its content; the gate makes both of its parts of it, and adds the footer."""

    def __init__(self, content: Content, to: str, headers: dict[str, str]) -> None:
        """Address the content to one reader."""
        super().__init__(content.subject, content.text, to=[to], headers=headers)
        self.blocks: tuple[Block, ...] = content.blocks


def compose_notice(
    to: Reader,
    /,
    template: str,
    *,
    notice_class: str,
    zone: tzinfo | None = None,
    **context: Any,
) -> HubEmail:
    """Return a notice to one reader, written in their language, with the times of `zone`.

    `template` names `<template>.txt`, which gets `context`, `reader`, `brand` and `base_url`;
    `notice_class` is a code of the closed list. Whoever sends it activates the language too, for
    the footer.
    """
    context = {
        "reader": to,
        "brand": settings.HUB_BRAND_NAME,
        "base_url": settings.HUB_BASE_URL,
        **context,
    }
    zone = zone or getattr(to, "zone", None)
    with translation.override(to.language), timezone.override(zone):
        content = render_email(
            f"{template}.txt", context, greeting=greeting(context.get("greeted", to))
        )
    return HubEmail(content, to.email, {NOTICE_CLASS_HEADER: notice_class})


def greeting(reader: object) -> str:
    """Return how to greet a person, a membership or a name; of an address no name is known."""
    name = "" if isinstance(reader, Address) else str(reader or "")
    return _("Hello %(name)s,") % {"name": name} if name else _("Hello,")


def send_copies(
    *,
    customer: Customer,
    concerned: Sequence[Membership | User],
    already_sent_to: Iterable[str],
    template: str,
    notice_class: str,
    **context: Any,
) -> None:
    """Send a notice about a company to the contacts it named for this class.

    Each copy is in its reader's language and first says whom it concerns, because the notice
    speaks to its own reader. No address gets it twice. Nothing secret may be in it.
    """
    context.pop("greeted", None)
    answers: list[tuple[Any, Any]] = collect_copy_recipients.send(
        Customer, customer=customer, notice_class=notice_class
    )
    contacts = {contact.email: contact for _receiver, readers in answers for contact in readers}
    for address in already_sent_to:
        contacts.pop(address, None)
    for contact in contacts.values():
        notice = compose_notice(
            contact, template, notice_class=notice_class, zone=customer.zone, **context
        )
        send_to(
            contact,
            "accounts/emails/copy",
            notice_class=notice_class,
            notice={
                "subject": notice.subject,
                "blocks": [block for block in notice.blocks if block.kind != Kind.GREETING],
            },
            company=customer,
            concerned=[str(person) for person in concerned] or [customer.name],
        )


def absolute(path: str) -> str:
    """Return a link for an email: on the configured host, never the request's."""
    return f"{settings.HUB_BASE_URL}{path}"
