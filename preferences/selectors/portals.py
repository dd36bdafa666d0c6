"""Answers for portals: whether an email may be sent to these people."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from portals.models import Portal
from preferences.audience import Verdict, notice_verdicts, topic_verdicts
from preferences.models import NoticeClass, Recipient, Topic
from preferences.selectors.send_decisions import members_to_notify

_SUB = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class UnknownCategory(ValidationError):
    """The portal cannot use such a topic or notice class; the message names the field."""


def verdicts_for_portal(
    portal: Portal, category: Topic | NoticeClass, subjects: Sequence[str]
) -> list[Verdict | None]:
    """Return whether this portal may send this to each of these people, in their order.

    `subjects` are `sub`s, or any text. The verdict is None for people whom the portal does not
    serve: nothing more is told about people outside the customers that are subscribed to it.
    """
    served = members_to_notify(portal).filter(user=OuterRef("user"))
    subs = {sub for sub in subjects if _SUB.fullmatch(sub)}
    recipients = Recipient.objects.filter(Exists(served), user__sub__in=subs)
    keys = {str(sub): pk for sub, pk in recipients.values_list("user__sub", "pk")}
    if isinstance(category, Topic):
        verdicts = topic_verdicts(topics=[category.pk], recipients=keys.values())
    else:
        verdicts = notice_verdicts(recipients=keys.values())
    by_key = {verdict.recipient_id: verdict for verdict in verdicts}
    return [by_key.get(keys.get(sub, 0)) for sub in subjects]


def find_category(
    portal: Portal, *, topic: str = "", notice_class: str = ""
) -> Topic | NoticeClass:
    """Return a topic of the portal or of the provider, or an active notice class.

    Raises UnknownCategory naming the field for anything else.
    """
    if topic:
        offered = Topic.objects.filter(Q(portal=None) | Q(portal=portal), slug=topic).first()
        if offered is None:
            raise UnknownCategory({"topic": _("There is no such topic for this portal.")})
        return offered
    known = NoticeClass.objects.filter(code=notice_class).first()
    if known is None or not known.is_active:
        raise UnknownCategory({"notice_class": _("There is no such notice class.")})
    return known
