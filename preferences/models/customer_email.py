"""A customer's email settings: topics denied, recipients added, contacts named."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, User
from preferences.choices import ContactKind
from preferences.models.categories import NoticeClass, Topic


class CustomerTopicDenial(models.Model):
    """A topic that a customer stops for its people. There is no column for a notice class (R43)."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="denials")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="denials")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["customer", "topic"]
        constraints = [models.UniqueConstraint(fields=["customer", "topic"], name="denied_once")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.topic}"


class CustomerRecipient(models.Model):
    """A member whom the customer sends a topic, or copies of a class of notices."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="added_mail")
    topic = models.ForeignKey(
        Topic, null=True, blank=True, on_delete=models.PROTECT, related_name="added"
    )
    notice_class = models.ForeignKey(
        NoticeClass, null=True, blank=True, on_delete=models.PROTECT, related_name="added"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["membership", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(notice_class__isnull=True, topic__isnull=False)
                | Q(notice_class__isnull=False, topic__isnull=True),
                name="added_to_one_category",
            ),
            models.UniqueConstraint(
                fields=["membership", "topic"],
                condition=Q(topic__isnull=False),
                name="added_to_topic_once",
            ),
            models.UniqueConstraint(
                fields=["membership", "notice_class"],
                condition=Q(notice_class__isnull=False),
                name="added_to_class_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.category}"

    @property
    def category(self) -> str:
        """The code of its notice class, or the short name of its topic."""
        return self.notice_class_id or self.topic.slug  # type: ignore[union-attr]

    @property
    def what(self) -> Topic | NoticeClass:
        """Its topic or notice class, whichever is set."""
        category = self.topic or self.notice_class
        assert category is not None  # noqa: S101 -- by constraint
        return category


class ContactRole(models.Model):
    """A member who is the customer's contact for billing, technical, security or legal matters.

    They get copies of the notice classes in choices.CONTACT_CLASSES.
    """

    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="contact_roles"
    )
    kind = models.CharField(_("contact for"), max_length=10, choices=ContactKind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["kind", "membership"]
        constraints = [
            models.UniqueConstraint(fields=["membership", "kind"], name="contact_once"),
            models.CheckConstraint(
                condition=Q(kind__in=ContactKind.values), name="contact_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.membership}"
