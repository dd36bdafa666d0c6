"""Bar charts: the coordinates for a template that draws them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from preferences.selectors.audiences import Month

WIDTH, HEIGHT = 720, 150  # units of the SVG's viewBox; the page writes the months below it
GAP = 6


@dataclass(frozen=True)
class Bars:
    """The two bars of a month, side by side."""

    first_day: date
    x: float
    width: float
    yes: int
    no: int
    yes_height: float
    no_height: float

    @property
    def second_x(self) -> float:
        """Return the x coordinate of the second bar."""
        return round(self.x + self.width, 1)

    @property
    def yes_top(self) -> float:
        """Return the y coordinate of the first bar's top."""
        return round(HEIGHT - self.yes_height, 1)

    @property
    def no_top(self) -> float:
        """Return the y coordinate of the second bar's top."""
        return round(HEIGHT - self.no_height, 1)


@dataclass(frozen=True)
class Chart:
    """The bars of all months, scaled to the highest of them."""

    bars: list[Bars]
    most: int
    width: int = WIDTH
    height: int = HEIGHT


def chart_of(months: Sequence[Month]) -> Chart:
    """Return the chart of these months, WIDTH × HEIGHT units large."""
    most = max((max(month.yes, month.no) for month in months), default=0)
    step = WIDTH / max(len(months), 1)
    scale = (HEIGHT - 10) / most if most else 0
    bars = [
        Bars(
            first_day=month.first_day,
            x=round(index * step + GAP, 1),
            width=round((step - 2 * GAP) / 2, 1),
            yes=month.yes,
            no=month.no,
            yes_height=round(month.yes * scale, 1),
            no_height=round(month.no * scale, 1),
        )
        for index, month in enumerate(months)
    ]
    return Chart(bars, most)
