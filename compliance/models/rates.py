"""The rate card: a new price is a new version, and none ever changes."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.translation import get_language

from accounts.models import User
from accounts.triggers import append_only
from compliance.choices.log_requests import Currency, RateCode

MOST_CENTS = 10_000_000  # of one fee
PER_CENT = 1000  # the unit of a tax is a thousandth of one per cent: 9.975 % is 9975


class Line(NamedTuple):
    """One line of a price: a label by language, and cents."""

    label_en: str
    label_fr: str
    cents: int

    @property
    def label(self) -> str:
        """The label in the reader's language."""
        return self.label_fr if (get_language() or "en").startswith("fr") else self.label_en


class Tax(NamedTuple):
    """One tax on a fee."""

    name_en: str
    name_fr: str
    rate: int  # in thousandths of one per cent

    @property
    def label(self) -> str:
        """The name with its percentage, in the reader's language."""
        name = self.name_fr if (get_language() or "en").startswith("fr") else self.name_en
        return f"{name} ({number_format((Decimal(self.rate) / PER_CENT).normalize())} %)"

    def of(self, cents: int) -> int:
        """Return the tax on a fee, rounded to a cent."""
        exact = Decimal(cents) * self.rate / (100 * PER_CENT)
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def amount(cents: int, currency: str) -> str:
    """Return an amount as people read it: 1,200.00 CAD."""
    number = number_format(Decimal(cents) / 100, 2, use_l10n=True, force_grouping=True)
    return f"{number}\N{NO-BREAK SPACE}{currency}"


amount_lazy = lazy(amount, str)  # for emails: the reader's language is another than the sender's


class Rate(models.Model):
    """One version of a price, with its taxes."""

    code = models.CharField(max_length=20, choices=RateCode)
    number = models.PositiveIntegerField()
    cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, choices=Currency)
    # Of each tax [name in English, name in French, thousandths of one per cent].
    taxes = models.JSONField(default=list, blank=True)
    starts_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["code", "-number"]
        default_permissions = ("add", "view")
        constraints = [
            models.CheckConstraint(condition=Q(code__in=RateCode.values), name="rate_code_known"),
            models.CheckConstraint(
                condition=Q(currency__in=Currency.values), name="rate_currency_known"
            ),
            models.CheckConstraint(
                condition=Q(cents__gt=0, cents__lte=MOST_CENTS), name="rate_is_a_price"
            ),
            models.UniqueConstraint(fields=["code", "number"], name="rate_number_once"),
            *append_only("compliance_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.code}/{self.number}"

    @property
    def tax_list(self) -> list[Tax]:
        """Its taxes."""
        return [Tax(*tax) for tax in self.taxes]

    @property
    def tax_lines(self) -> list[Line]:
        """Its taxes in cents."""
        return [Line(tax.name_en, tax.name_fr, tax.of(self.cents)) for tax in self.tax_list]

    @property
    def total_cents(self) -> int:
        """The fee with its taxes."""
        return self.cents + sum(line.cents for line in self.tax_lines)

    @property
    def fee(self) -> str:
        """The fee without taxes, as people read it."""
        return amount(self.cents, self.currency)

    @property
    def price_lines(self) -> list[tuple[str, str]]:
        """Each tax: label and amount."""
        lines = zip(self.tax_list, self.tax_lines, strict=True)
        return [(tax.label, amount(line.cents, self.currency)) for tax, line in lines]

    @property
    def total(self) -> str:
        """The fee with taxes, as people read it."""
        return amount(self.total_cents, self.currency)

    def price(self) -> dict[str, Any]:
        """Return what is fixed on a request when it is made (L38)."""
        return {
            "rate": self,
            "fee_cents": self.cents,
            "tax_lines": [list(line) for line in self.tax_lines],
            "total_cents": self.total_cents,
            "currency": self.currency,
        }
