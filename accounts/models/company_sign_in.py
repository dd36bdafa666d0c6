"""A company's own sign-in: its OpenID provider, its email domains, and who is known there."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.choices import CustomerStatus, DomainProof
from accounts.models.customers import Customer
from accounts.triggers import refuse

SUBJECT_LENGTH = 255  # OpenID Connect Core 2


class CompanySignInQuerySet(models.QuerySet["CompanySignIn"]):
    """Companies' providers, and the one that is responsible for an address."""

    def in_force(self) -> "CompanySignInQuerySet":
        """Return those through which their companies' people sign in now."""
        return self.filter(
            in_force_since__isnull=False,
            customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED],
        )

    def for_domain(self, domain: str | Combinable) -> "CompanySignInQuerySet":
        """Return the one in force of the company that has proven this domain."""
        return self.in_force().filter(
            customer__domains__domain=domain, customer__domains__proven_at__isnull=False
        )


class CompanySignIn(models.Model):
    """A company's own OpenID provider, and the client that the hub is there."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="own_sign_in")
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    sealed_secret = models.TextField()
    # Values of `acr` that stand for a second factor at this provider.
    strong_acr = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    tried_at = models.DateTimeField(null=True, blank=True)  # when a Super User came back from it
    in_force_since = models.DateTimeField(null=True, blank=True)

    objects = CompanySignInQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(in_force_since=None) | Q(tried_at__isnull=False),
                name="company_sign_in_was_tried",
            ),
            models.CheckConstraint(
                condition=Q(issuer__startswith="https://"), name="company_sign_in_by_https"
            ),
            *refuse(
                "company_sign_in_is_bound",
                table="accounts_companysignin",
                when={
                    "UPDATE": "NEW.customer_id <> OLD.customer_id OR NEW.issuer <> OLD.issuer"
                    " OR NEW.uuid <> OLD.uuid"
                },
                message="an own sign-in is of one company and one provider",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.issuer}"

    @property
    def is_in_force(self) -> bool:
        """Whether the company's people sign in through it, and nowhere else."""
        return self.in_force_since is not None


class CompanyDomain(models.Model):
    """An email domain that a company says is its own, and the proof that it is."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="domains")
    domain = models.CharField(max_length=253)
    challenge = models.CharField(max_length=64)  # the text of the DNS record that proves it
    link_hash = models.CharField(max_length=64, blank=True)  # of the emailed link that proves it
    link_sent_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    proven_at = models.DateTimeField(null=True, blank=True)
    proof = models.CharField(max_length=10, choices=DomainProof, blank=True)
    # A DNS record that was the proof is looked for again. `lapsed_at`: it was missing for too long.
    check_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["domain"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "domain"], name="company_domain_once"),
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(proven_at__isnull=False),
                name="domain_proven_by_one_company",
            ),
            models.CheckConstraint(
                condition=Q(domain=Lower("domain")), name="domain_is_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(proven_at=None, proof="")
                | Q(proven_at__isnull=False, proof__in=DomainProof.values),
                name="proven_domain_has_a_proof",
            ),
            models.CheckConstraint(
                condition=Q(missing_since=None) | Q(proof=DomainProof.DNS),
                name="missing_record_was_the_proof",
            ),
            models.CheckConstraint(
                condition=Q(lapsed_at=None) | Q(missing_since__isnull=False),
                name="lapsed_proof_is_missing",
            ),
            *refuse(
                "company_domain_is_bound",
                table="accounts_companydomain",
                when={"UPDATE": "NEW.customer_id <> OLD.customer_id OR NEW.domain <> OLD.domain"},
                message="a proof is for one company and one domain",
            ),
        ]

    def __str__(self) -> str:
        return self.domain


_OF_STAFF = "EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.user_id AND u.is_staff)"


class CompanyIdentity(models.Model):
    """A person as their company's provider knows them: its subject is theirs for good."""

    sign_in = models.ForeignKey(CompanySignIn, on_delete=models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="company_identities"
    )
    bound_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sign_in", "subject"], name="company_identity_is_one_person"
            ),
            models.UniqueConstraint(
                fields=["sign_in", "user"], name="person_has_one_company_identity"
            ),
            *refuse(
                "company_identity_is_bound",
                table="accounts_companyidentity",
                when={
                    "UPDATE": "NEW.sign_in_id <> OLD.sign_in_id OR NEW.subject <> OLD.subject"
                    " OR NEW.user_id <> OLD.user_id"
                },
                message="a subject of a provider is one person",
            ),
            *refuse(
                "company_identity_is_not_of_staff",
                table="accounts_companyidentity",
                when={"INSERT": _OF_STAFF},
                message="staff never sign in through a company",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.sign_in_id}"
