"""The notices to companies whose data we process, before their people are told (L27)."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership, User
from accounts.search import search_key
from compliance.choices.breaches import BreachRole
from compliance.emails import company_notice_texts
from compliance.models import Breach, CustomerNotice
from compliance.permissions import BreachRefused, lock_breach
from compliance.services.breaches import record_breach
from preferences.choices import ContactKind, NoticeCode
from preferences.models import Recipient
from preferences.services.notices import send_notice


@transaction.atomic
def send_customer_notice(
    *, actor: User, breach: Breach, customer: Customer, body_en: str, body_fr: str
) -> CustomerNotice:
    """Tell a company of a breach of its data: its main Super User, legal and security contacts.

    It waits while a hold is in force. Raises PermissionDenied without `compliance.release_breach`;
    BreachRefused naming the field: a language missing, the name of another company, a company that
    was told or has nobody to tell, a breach of our own data, and an exercise.
    """
    breach = lock_breach(actor, breach, "compliance.release_breach")
    if breach.exercise:
        raise BreachRefused(_("An exercise reaches staff only."), code="exercise")
    if breach.role == BreachRole.CONTROLLER:
        raise BreachRefused(_("This breach concerns our own data, not a company's."), code="role")
    if breach.customer_notices.filter(customer=customer).exists():
        raise BreachRefused({"customer": _("This company was told.")})
    bodies = {"en": body_en.strip(), "fr": body_fr.strip()}
    for language, body in bodies.items():
        if not body:
            raise BreachRefused({f"body_{language}": _("Write it in English and in French.")})
        if other := _other_company_in(body, customer):
            text = _("Take out the name of another company: %(name)s.") % {"name": other}
            raise BreachRefused({f"body_{language}": text})
    readers = contacts_to_tell(customer)
    if not readers:
        raise BreachRefused({"customer": _("This company has nobody to tell.")})
    subjects, texts = company_notice_texts(breach, customer, bodies)
    campaign = send_notice(
        actor=actor,
        notice_class=NoticeCode.LEGAL,
        subjects=subjects,
        bodies=texts,
        recipients=readers,
        confidential=True,
    )
    notice = CustomerNotice.objects.create(
        breach=breach, customer=customer, campaign=campaign, sent_by=actor,
        body_en=bodies["en"], body_fr=bodies["fr"],
    )  # fmt: skip
    record_breach("breach.company_told", actor, breach)
    return notice


def contacts_to_tell(customer: Customer) -> list[int]:
    """Return the keys of the recipients who are told for a company."""
    kinds = [ContactKind.LEGAL, ContactKind.SECURITY]
    named = Q(contact_roles__kind__in=kinds)
    if customer.main_super_user_id is not None:
        named |= Q(pk=customer.main_super_user_id)
    members = Membership.objects.present().filter(named, customer=customer)
    people = Recipient.objects.filter(user__in=members.values("user"))
    return list(people.order_by("pk").values_list("pk", flat=True))


def _other_company_in(body: str, customer: Customer) -> str:
    """Return the name of another company that a text names, if any."""
    words = f" {search_key(body)} "
    others = Customer.objects.exclude(pk=customer.pk).order_by("pk").values_list("name", flat=True)
    own = search_key(customer.name)
    for name in others.iterator(2000):
        key = search_key(name)
        if key and key not in own and f" {key}" in words:
            return str(name)
    return ""
