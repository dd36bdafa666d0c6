"""The names of this app's fields in the activity log."""

from django.utils.translation import gettext_lazy as _

FIELD_NAMES = {
    "subject_en": _("subject in English"),
    "subject_fr": _("subject in French"),
    "body_en": _("text in English"),
    "body_fr": _("text in French"),
    "promotional": _("contains advertising"),
    "urgent": _("urgent"),
    "notice_class": _("notice class"),
    "topic": _("topic"),
    "name_en": _("name in English"),
    "name_fr": _("name in French"),
    "purpose_en": _("purpose in English"),
    "purpose_fr": _("purpose in French"),
    "cadence_en": _("how often in English"),
    "cadence_fr": _("how often in French"),
    "default_on": _("on by default"),
    "basis": _("who can receive it"),
    "double_opt_in": _("asks for a confirmation"),
    "portal": _("portal"),
    "resellers_only": _("for resellers only"),
    "active": _("active"),
    "position": _("place in the list"),
}
