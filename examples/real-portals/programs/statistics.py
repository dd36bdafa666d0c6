"""AWStats: a report for each company's website, counted from a log of the web server."""

import random
from datetime import UTC, datetime, timedelta

from place import Place
from processes import run
from provider import Provider

AWSTATS = "/usr/lib/cgi-bin/awstats.pl"
SITES = {"alder-web": "alder.example", "birch-web": "birch.example"}
WEEKS = 12  # of visits
PAGES = {  # the second tells the companies' figures apart
    "alder-web": ("/", "/our-dentists.html", "/opening-hours.html", "/appointments.html"),
    "birch-web": ("/", "/freight-rates.html", "/track-a-parcel.html"),
}
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
)


def prepare(place: Place, provider: Provider) -> None:
    """Write settings and logs, and count them."""
    folder = place.folder_for("awstats")
    place.folder_for("awstats/data", "www-data")
    (folder / "awstats.pl").symlink_to(AWSTATS)  # it looks for its settings beside itself
    for name, domain in SITES.items():
        log = folder / f"{name}.log"
        log.write_text(_log(domain, PAGES[name]))
        settings = f"awstats/awstats.{name}.conf"
        place.write("awstats/awstats.conf", settings, "www-data", NAME=name, DOMAIN=domain)
        count = ["/usr/bin/perl", str(folder / "awstats.pl"), f"-config={name}", "-update"]
        run(count, user="www-data")
    place.write("awstats/reports.py", "awstats/reports.py").chmod(0o755)
    place.write("apache/statistics.conf", "apache/statistics.conf", **provider.client("statistics"))


def report(provider: Provider) -> None:
    """Tell the hub of the report that its example doesn't know."""
    name = "Website traffic, month by month"
    path = "usage_report/birch-web"
    provider.report("statistics", path, customer="birch", name=name, parent=None)


def _log(domain: str, pages: tuple[str, ...]) -> str:
    """Return some weeks of a small website's visits, in Apache's combined format."""
    chance = random.Random(domain)  # noqa: S311 -- the same each time
    now = datetime.now(UTC)
    lines = []
    for day in range(WEEKS * 7, -1, -1):
        for _visit in range(chance.randint(20, 60)):
            moment = now - timedelta(days=day, minutes=chance.randint(0, 400))
            address = f"203.0.113.{chance.randint(1, 250)}"
            browser = chance.choice(BROWSERS)
            for page in chance.sample(pages, chance.randint(1, len(pages))):
                moment += timedelta(seconds=chance.randint(5, 90))
                lines.append((moment, address, page, chance.randint(2000, 30000), browser))
    return "".join(
        f'{address} - - [{moment:%d/%b/%Y:%H:%M:%S %z}] "GET {page} HTTP/1.1" 200 {size}'
        f' "https://www.{domain}/" "{browser}"\n'
        for moment, address, page, size, browser in sorted(lines)
    )
