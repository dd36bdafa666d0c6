"""Where the bars of a chart stand: numbers for a template that draws them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from preferences.selectors.audiences import Month

WIDTH, HEIGHT = 720, 150  # of the drawing: the page stretches it, and writes the months below it
GAP = 6


@dataclass(frozen=True)
class Bars:
    """One month: two bars side by side."""

    first_day: date
    x: float
    width: float
    yes: int
    no: int
    yes_height: float
    no_height: float

    @property
    def second_x(self) -> float:
        """Where the second bar begins."""
        return round(self.x + self.width, 1)

    @property
    def yes_top(self) -> float:
        """Where the first bar ends above."""
        return round(HEIGHT - self.yes_height, 1)

    @property
    def no_top(self) -> float:
        """Where the second bar ends above."""
        return round(HEIGHT - self.no_height, 1)


@dataclass(frozen=True)
class Chart:
    """Yes and no month by month, as high as the highest."""

    bars: list[Bars]
    most: int
    width: int = WIDTH
    height: int = HEIGHT


def chart_of(months: Sequence[Month]) -> Chart:
    """The bars of these months in a drawing of WIDTH × HEIGHT."""
    most = max((max(month.yes, month.no) for month in months), default=0)
    step = WIDTH / max(len(months), 1)
    scale = (HEIGHT - 10) / most if most else 0
    bars = [
        Bars(
            first_day=month.first_day,
            x=round(place * step + GAP, 1),
            width=round((step - 2 * GAP) / 2, 1),
            yes=month.yes,
            no=month.no,
            yes_height=round(month.yes * scale, 1),
            no_height=round(month.no * scale, 1),
        )
        for place, month in enumerate(months)
    ]
    return Chart(bars, most)
