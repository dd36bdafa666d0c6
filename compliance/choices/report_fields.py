"""The fields that each regulator asks for in its report, in its own order."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compliance.choices.breaches import Regulator

FIELD_LABELS: dict[str, Any] = {
    "circumstances": _("Circumstances and cause"),
    "period": _("Day or period"),
    "items": _("Personal information concerned"),
    "unknown": _("If the information is not known, why"),
    "number": _("Number of people"),
    "residents": _("Number of people of this province or state"),
    "categories": _("Categories of people and of records"),
    "risk": _("Assessment of the risk of harm"),
    "consequences": _("Likely consequences"),
    "measures": _("Steps to reduce the risk"),
    "notices": _("Steps to notify people, and when"),
    "others": _("Other organizations told"),
    "contact": pgettext_lazy("report", "Person to contact"),
    "sample": _("Sample of the notice"),
}
# SOR/2018-64 s.2; r.3.1 s.3; Alberta Regulation 366/2003 s.19; GDPR 33(3); Cal. 1798.82(f).
REPORT_FIELDS: dict[str, tuple[str, ...]] = {
    Regulator.OPC: (
        "circumstances", "period", "items", "number", "measures", "notices", "contact",
    ),
    Regulator.CAI: (
        "circumstances", "period", "items", "unknown", "number", "residents", "risk", "measures",
        "notices", "others", "contact",
    ),
    Regulator.ALBERTA: (
        "circumstances", "period", "items", "risk", "number", "measures", "notices", "contact",
    ),
    Regulator.BC: ("circumstances", "period", "items", "number", "measures", "contact"),
    Regulator.GDPR: (
        "circumstances", "categories", "number", "consequences", "measures", "contact",
    ),
    Regulator.CALIFORNIA: ("sample", "residents", "period", "contact"),
}  # fmt: skip
