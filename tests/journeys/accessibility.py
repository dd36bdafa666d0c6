"""Accessibility checks of a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()
# On a phone tables are cards; between the two, a wide one may be scrolled.
CUT = """innerWidth < 1280 ? 0 : Math.max(0,
  ...[...document.querySelectorAll(".table-wrap")].map(wrap => wrap.scrollWidth - wrap.clientWidth))
"""


def faults_of(page: Page) -> list[str]:
    """Return the faults of the page: its width, its headings and, if scripts run, those of axe."""
    page.wait_for_load_state()
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    faults = [f"{wide} px wider than the screen"] if wide > 0 else []
    if cut := page.evaluate(CUT):
        faults.append(f"{cut} px of a table cut off")
    if (headings := page.locator("h1").count()) != 1:
        faults.append(f"{headings} first headings")
    if page.evaluate("matchMedia('(scripting: none)').matches"):
        return faults  # axe is a script itself and would wait for ever
    for violation in AXE.run(page).response["violations"]:
        where = "; ".join(str(node["target"]) for node in violation["nodes"][:3])
        faults.append(f"{violation['id']}: {violation['help']} ({where})")
    return faults
