"""Acceptances: what people answered to a version, for themselves or for their company."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import Language, Role
from accounts.intervals import days_between
from accounts.models import Customer, User
from accounts.models.blanking import only_blanked
from accounts.triggers import append_only, refuse
from compliance.choices import ANSWERS, AskedOf, Verb
from compliance.models.policies import PolicyVersion
from preferences.models.consent import ADDRESS_DAYS

BROWSER_LENGTH = 300
KEPT_DAYS = 6 * 365
_AGE = days_between("OLD.at", "CURRENT_TIMESTAMP")

_ADDRESS_BLANKED = only_blanked(
    "network_address",
    others="id version_id person_id customer_id verb language sha256 at browser",
    at="OLD.at",
    days=ADDRESS_DAYS,
)
_NOT_THE_TEXT = """NOT EXISTS (SELECT 1 FROM compliance_policyversion v
    WHERE v.id = NEW.version_id AND v.published_at IS NOT NULL AND v.withdrawn_at IS NULL
      AND v.sha256 = NEW.sha256)"""
_TAKES = " OR ".join(
    f"p.kind = '{kind}' AND NEW.verb = '{verb}'"
    for kind, verbs in ANSWERS.items()
    for verb in verbs
)
_NOT_ASKED = f"""NOT EXISTS (SELECT 1 FROM compliance_policyversion v
    JOIN compliance_policy p ON p.id = v.policy_id
    WHERE v.id = NEW.version_id AND ({_TAKES})
      AND (p.asked_of = '{AskedOf.PERSON}' AND NEW.customer_id IS NULL
        OR p.asked_of = '{AskedOf.COMPANY}' AND NEW.customer_id IS NOT NULL))"""  # noqa: S608
_BY_NO_SUPER_USER = f"""NEW.customer_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_membership m
    WHERE m.customer_id = NEW.customer_id AND m.user_id = NEW.person_id
      AND m.role = '{Role.SUPER_USER}' AND m.ended_at IS NULL AND m.suspended_at IS NULL
      AND (m.ends_at IS NULL OR m.ends_at > NEW.at))"""  # noqa: S608


class Acceptance(models.Model):
    """One answer: to which text, in which language, by whom, for which company, when, from where.

    The hash is the one that the form carried, of the text that was shown.
    """

    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="acceptances", db_index=False
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acceptances")
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="acceptances"
    )
    verb = models.CharField(max_length=12, choices=Verb)
    language = models.CharField(max_length=2, choices=Language)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, editable=False)
    network_address = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=BROWSER_LENGTH, blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["version", "person", "verb"],
                condition=Q(customer=None),
                name="one_answer_of_person",
            ),
            models.UniqueConstraint(
                fields=["version", "customer", "verb"],
                condition=Q(customer__isnull=False),
                name="one_answer_of_company",
            ),
            models.CheckConstraint(condition=Q(verb__in=Verb.values), name="answer_known"),
            models.CheckConstraint(
                condition=Q(language__in=Language.values), name="answer_language_known"
            ),
            *append_only(
                "compliance_acceptance",
                erased=_ADDRESS_BLANKED,
                over=f"{_AGE} > {KEPT_DAYS}",
            ),
            *refuse(
                "answer_to_the_text_shown",
                table="compliance_acceptance",
                when={"INSERT": _NOT_THE_TEXT},
                message="an answer is to the text of a published version",
            ),
            *refuse(
                "answer_as_asked",
                table="compliance_acceptance",
                when={"INSERT": _NOT_ASKED},
                message="the policy asks for another answer, or somebody else",
            ),
            *refuse(
                "answer_by_super_user",
                table="compliance_acceptance",
                when={"INSERT": _BY_NO_SUPER_USER},
                message="only a Super User answers for a company",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.verb} {self.version_id}"
