"""Charts, drawn as SVG by pygal and coloured by classes of our style sheet.

The content policy allows no style or script inside, so what pygal adds of those is taken out.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, tostring

import pygal
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

SVG = "{http://www.w3.org/2000/svg}"
# Styles and scripts, and what only its script would show.
_TAKEN_OUT = {"defs", "style", "script", "desc", "title"}


def days_chart(days: Sequence[tuple[date, int]], title: str, label: str) -> SafeString:
    """Return a bar chart of a number by day, every seventh day named; empty without any."""
    most = max((count for _day, count in days), default=0)
    if not most:
        return SafeString("")
    chart = chart_of(pygal.Bar, height=180, truncate_label=-1)
    step = step_of(most)
    chart.y_labels = list(range(0, most + step, step))
    chart.x_labels = [
        date_format(day, "MONTH_DAY_FORMAT") if back % 7 == 0 else ""
        for back, (day, _count) in zip(range(len(days) - 1, -1, -1), days, strict=True)
    ]
    chart.add(label, [count or None for _day, count in days])
    return svg_of(chart, title)


def step_of(most: int) -> int:
    """Return the distance of lines that are whole numbers, five of them at most."""
    magnitude = 10 ** (len(str(max(most, 1))) - 1)
    steps = (part * magnitude // 10 for part in (1, 2, 5, 10, 20, 50))
    return next(step for step in steps if step and most <= 5 * step)


def chart_of(kind: Any, **options: Any) -> Any:
    """Return an empty chart of pygal in our look."""
    return kind(
        css=[],
        js=[],
        no_prefix=True,
        print_zeroes=False,
        show_legend=False,
        **{"width": 720, "margin": 8, **options},
        formatter=lambda value: f"{value:.0f}",
    )


def svg_of(chart: Any, title: str) -> SafeString:
    """Return a chart as an element for a page."""
    root: Element = chart.render_tree()
    _clean(root)
    root.attrib.pop("id", None)
    root.attrib |= {"class": "chart", "role": "img", "aria-label": title}
    return mark_safe(tostring(root, encoding="unicode"))  # noqa: S308 -- ElementTree escapes


def _clean(element: Element) -> None:
    for child in list(element):
        name = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else "comment"
        classes = child.get("class", "").split()
        if name in _TAKEN_OUT or name == "comment" or "tooltip" in classes:
            element.remove(child)
            continue
        child.attrib.pop("style", None)
        if "bar" in classes:  # the bar at the top of every page has this class; print hides it
            del child.attrib["class"]
        _clean(child)
