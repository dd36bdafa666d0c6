"""Charts of topics and campaigns."""

from collections.abc import Sequence

import pygal
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.views.charts import chart_of, step_of, svg_of
from preferences.selectors.audiences import Month
from preferences.selectors.campaigns import AudienceEstimate
from preferences.selectors.email_days import EmailDay


def answers_chart(months: Sequence[Month], title: str) -> SafeString:
    """Return a bar chart of choices by month, with axes and values; empty without choices."""
    if not any(month.yes or month.no for month in months):
        return SafeString("")
    most = max(max(month.yes, month.no) for month in months)
    chart = chart_of(pygal.Bar, height=280, print_values=True, print_values_position="top")
    chart.y_labels = list(range(0, most + step_of(most), step_of(most)))
    chart.x_labels = [date_format(month.first_day, "M") for month in months]
    chart.add(pgettext("by month", "Subscribed"), [month.yes or None for month in months])
    chart.add(_("Unsubscribed"), [month.no or None for month in months])
    return svg_of(chart, title)


def email_chart(days: Sequence[EmailDay], title: str) -> SafeString:
    """Return a bar chart of the emails sent and bounced each day; empty where there were none."""
    most = max(max(day.sent, day.bounced) for day in days)
    if not most:
        return SafeString("")
    chart = chart_of(pygal.Bar, width=360, height=180)
    chart.y_labels = list(range(0, most + step_of(most), step_of(most)))
    every_other = [date_format(day.day, "j") if nth % 2 else "" for nth, day in enumerate(days)]
    chart.x_labels = every_other  # the last is today
    chart.add(pgettext("emails", "Sent"), [day.sent or None for day in days])
    chart.add(_("Bounced"), [day.bounced or None for day in days])
    return svg_of(chart, title)


def audience_chart(audience: AudienceEstimate, title: str) -> SafeString:
    """Return one stacked bar of the reasons for which people get a topic, and do not."""
    parts = audience.sent + audience.kept_back
    if not parts:
        return SafeString("")
    chart = chart_of(
        pygal.HorizontalStackedBar,
        height=40,
        margin=0,
        show_y_labels=False,
        show_x_labels=False,
        show_y_guides=False,
    )
    for reason, count in parts:
        chart.add(str(reason.label), [count])
    svg = svg_of(chart, title)
    return SafeString(svg.replace("<svg ", '<svg preserveAspectRatio="none" ', 1))
