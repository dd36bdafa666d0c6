"""Acceptances: what people answered to a version, for themselves or for their company."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.choices import Language, Role
from accounts.intervals import days_between
from accounts.models import Customer, Invitation, User
from accounts.models.blanking import only_blanked
from accounts.triggers import append_only, refuse
from accounts.validators import validate_plain_text
from compliance.choices import ANSWERS, RECORDED_WAYS, AskedOf, Verb, Way
from compliance.models.policies import PolicyVersion
from preferences.models.consent import ADDRESS_DAYS

BROWSER_LENGTH = 300
REFERENCE_LENGTH = 100
KEPT_DAYS = 6 * 365
_AGE = days_between("OLD.at", "CURRENT_TIMESTAMP")

_ADDRESS_BLANKED = only_blanked(
    "network_address",
    others="id version_id person_id customer_id verb language sha256 at browser"
    " way invitation_id reference recorded_by_id recorded_at",
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
_BY_NO_STAFF = """NEW.recorded_by_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_user u WHERE u.id = NEW.recorded_by_id AND u.is_staff)"""
_OTHER_INVITATION = """NEW.invitation_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_invitation i
    WHERE i.id = NEW.invitation_id AND i.accepted_by_id = NEW.person_id
      AND (NEW.customer_id IS NULL OR i.customer_id = NEW.customer_id AND i.as_main_super_user))"""
_NOT_RECORDED = Q(recorded_by=None, recorded_at=None, reference="")


class Acceptance(models.Model):
    """One answer: to which text, in which language, by whom, for which company, when, from where.

    The hash is the one that the form carried, of the text that was shown. An answer that came on
    paper or by email is recorded by staff, with its reference.
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
    way = models.CharField(max_length=10, choices=Way, default=Way.PAGE)
    invitation = models.ForeignKey(
        Invitation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reference = models.CharField(
        max_length=REFERENCE_LENGTH, blank=True, validators=[validate_plain_text]
    )
    recorded_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("add", "view")
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
            models.CheckConstraint(
                condition=Q(_NOT_RECORDED, way=Way.PAGE, invitation=None)
                | Q(_NOT_RECORDED, way=Way.INVITATION, invitation__isnull=False)
                | Q(
                    ~Q(reference=""),
                    ~Q(recorded_by=F("person")),
                    way__in=RECORDED_WAYS,
                    recorded_by__isnull=False,
                    recorded_at__isnull=False,
                    recorded_at__gte=F("at"),
                    invitation=None,
                    network_address=None,
                    browser="",
                ),
                name="answer_says_how_it_was_given",
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
            *refuse(
                "answer_recorded_by_staff",
                table="compliance_acceptance",
                when={"INSERT": _BY_NO_STAFF},
                message="only staff record an answer for somebody",
            ),
            *refuse(
                "answer_with_own_invitation",
                table="compliance_acceptance",
                when={"INSERT": _OTHER_INVITATION},
                message="an answer comes with the invitation that its person accepted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.verb} {self.version_id}"
