"""The deadlines of released logs, representatives and authorisations, for the due list."""

from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from compliance.choices.log_requests import LogState
from compliance.models import Authorisation, LogRequest, Representative
from compliance.models.authorisations import RENEWED_WITHIN
from compliance.selectors.due import DueSource, key_of

LOG_SOURCES = (
    DueSource(  # L45
        code="released_logs",
        label=_("Log requests"),
        permission="compliance.view_logrequest",
        rows=lambda now: LogRequest.objects.filter(state=LogState.RELEASED),
        due_at="file__expires_at",
        facts={"uuid": "uuid", "company": "customer__name"},
        text=lambda facts: format_lazy(_("Logs are deleted: {company}"), company=facts["company"]),
        url=lambda facts: reverse("compliance:provider-log-request", args=[key_of(facts)]),
    ),
    DueSource(  # L35
        code="representative",
        label=_("Representatives"),
        permission="compliance.view_representative",
        rows=lambda now: Representative.objects.filter(ended_at=None, confirmed_at__isnull=False),
        due_at="until",
        facts={"uuid": "uuid", "company": "membership__customer__name"},
        text=lambda facts: format_lazy(
            _("A representative ends: {company}"), company=facts["company"]
        ),
        url=lambda facts: reverse("compliance:provider-representatives"),
    ),
    DueSource(  # its own day, or its giver's (L47)
        code="authorisation",
        label=_("Authorisations"),
        permission="compliance.view_authorisation",
        rows=lambda now: Authorisation.objects.filter(ended_at=None, given_at__isnull=False),
        due_at=Least(
            "until",
            ExpressionWrapper(
                Least("given_by__until", Coalesce("given_by__ended_at", "given_by__until"))
                + RENEWED_WITHIN,
                output_field=DateTimeField(),
            ),
        ),
        facts={
            "uuid": "uuid",
            "company": "customer__name",
            "slug": "customer__slug",
            "profile": "profile",
        },
        text=lambda facts: format_lazy(
            _("An authorisation ends: {company}, {profile}"),
            company=facts["company"],
            profile=facts["profile"],
        ),
        url=lambda facts: reverse("compliance:provider-authorisations", args=[facts["slug"]]),
    ),
)
