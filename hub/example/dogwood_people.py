"""Dogwood Freight: its people, teams and resources, and who may do what."""

from hub.example.acts import Access

NAME, SLUG, DOMAIN = "Dogwood Freight", "dogwood", "dogwood.example"
NADIA, OWEN = "nadia@dogwood.example", "owen@dogwood.example"  # the Super Users

TEAMS = {  # each name's first word is the address
    "Dispatch": [
        "Priya Sharma", "Marcus Reid", "Elise Gagnon", "Tom Walsh", "Ines Duarte", "Kwame Mensah",
        "Julie Fortin",
    ],
    "Drivers": [
        "Luc Bouchard", "Sam Okoro", "Pete Kowalski", "Rosa Jimenez", "Andre Silva",
        "Hamid Rahimi", "Joan Fraser", "Viktor Novak", "Denis Morin", "Carl Jensen",
    ],
    "Warehouse": [
        "Anita Rao", "Ben Carter", "Chantal Leblanc", "Diego Ruiz", "Mei Lin", "Omar Farouk",
        "Yuki Tanaka", "Paul Girard", "Theo Blais",
    ],
    "Accounting": [
        "Helen Park", "Simon Lefebvre", "Tara Singh", "Wendy Moore", "Rachel Cohen",
    ],
    "Sales": [
        "Kevin Ross", "Laura Bianchi", "Nora Walker", "Felix Caron", "Amir Nasser", "Grace Lam",
    ],
    "IT": ["Owen Clarke", "Sofia Petrov", "Ian MacLeod"],
}  # fmt: skip
LEAVER, RECEIVER = "theo@dogwood.example", "ben@dogwood.example"
SUSPENDED, CONTRACTOR = "andre@dogwood.example", "grace@dogwood.example"
INVITED = [("zoe", "Zoe Martel"), ("liam", "Liam Price")]  # who have not answered yet
WITH_FACTOR = [
    "ian", "sofia", "priya", "helen", "simon", "kevin", "laura", "marcus", "anita", "rachel",
    "tara", "ben", "julie",
]  # fmt: skip

PORTALS = ["domains", "statistics", "ticketing", "webmail"]
DOMAINS = [
    "dogwood.example", "dogwoodfreight.example", "dogwood-jobs.example",
    "dogwood-logistics.example", "dogwood-tracking.example",
]  # fmt: skip
SHARED_MAILBOXES = ["accounts", "claims", "dispatch", "info", "jobs"]
QUEUES = {
    "dispatch": "Dispatch software",
    "network": "Network and phones",
    "email": "Email",
    "hosting": "Websites and hosting",
    "billing": "Invoices",
}
USAGE_REPORTS = {
    "web": "Website traffic, month by month",
    "tracking": "Visits to the tracking site, month by month",
    "mail": "Email traffic by month",
    "storage": "Storage used, month by month",
}

TEAM_ACCESS = [  # team, access, reason
    (
        "Dispatch",
        Access("webmail", "mailbox.use", "dispatch@dogwood.example"),
        "Shared mailbox",
    ),
    ("Dispatch", Access("ticketing", "queue.open", "dogwood-dispatch"), ""),
    ("Dispatch", Access("domains", "subscription.open", "dogwood"), ""),
    ("Dispatch", Access("domains", "domain.view", "dogwood-tracking.example"), ""),
    ("Warehouse", Access("webmail", "mailbox.read", "claims@dogwood.example"), "Damaged goods"),
    ("Warehouse", Access("ticketing", "queue.open", "dogwood-dispatch"), ""),
    (
        "Accounting",
        Access("webmail", "mailbox.use", "accounts@dogwood.example"),
        "Shared mailbox",
    ),
    ("Accounting", Access("ticketing", "queue.reply", "dogwood-billing"), ""),
    ("Accounting", Access("statistics", "subscription.open", "dogwood"), ""),
    ("Accounting", Access("statistics", "usage_report.export", "dogwood-storage"), ""),
    ("Sales", Access("webmail", "mailbox.use", "info@dogwood.example"), "Shared mailbox"),
    ("Sales", Access("statistics", "subscription.open", "dogwood"), ""),
    ("Sales", Access("statistics", "usage_report.view", "dogwood-web"), ""),
    ("IT", Access("domains", "subscription.open", "dogwood"), ""),
    ("IT", Access("domains", "domain.manage", "dogwood.example"), ""),
    ("IT", Access("domains", "domain.manage_dns", "dogwoodfreight.example"), ""),
    ("IT", Access("ticketing", "queue.manage", "dogwood-network"), ""),
    ("IT", Access("ticketing", "queue.manage", "dogwood-email"), ""),
]
ACCESS = [  # first name, access, reason, days from now on which it ends, or None; by week
    (
        16,
        "sofia",
        Access("domains", "domain.manage", "dogwood-tracking.example"),
        "Runs it",
        None,
    ),
    (16, "ian", Access("domains", "domain.manage_dns", "dogwood-jobs.example"), "", None),
    (
        16,
        "helen",
        Access("ticketing", "queue.manage", "dogwood-billing"),
        "Head of accounting",
        None,
    ),
    (
        16,
        "priya",
        Access("ticketing", "queue.manage", "dogwood-dispatch"),
        "Head of dispatch",
        None,
    ),
    (
        15,
        "rachel",
        Access("webmail", "mailbox.use", "jobs@dogwood.example"),
        "Hires drivers",
        None,
    ),
    (15, "kevin", Access("domains", "subscription.open", "dogwood"), "", None),
    (15, "kevin", Access("domains", "domain.view", "dogwoodfreight.example"), "", None),
    (15, "laura", Access("statistics", "usage_report.export", "dogwood-web"), "", None),
    (14, "marcus", Access("statistics", "subscription.open", "dogwood"), "", None),
    (14, "marcus", Access("statistics", "usage_report.view", "dogwood-tracking"), "", None),
    (14, "julie", Access("ticketing", "queue.reply", "dogwood-dispatch"), "", None),
    (
        14,
        "theo",
        Access("ticketing", "queue.reply", "dogwood-network"),
        "Knows the scanners",
        None,
    ),
    (13, "anita", Access("webmail", "mailbox.send", "claims@dogwood.example"), "Answers", None),
    (13, "tom", Access("ticketing", "queue.open", "dogwood-network"), "", None),
    (13, "ines", Access("ticketing", "queue.open", "dogwood-email"), "", None),
    (12, "nora", Access("webmail", "mailbox.send", "jobs@dogwood.example"), "Job fair", 9),
    (10, "simon", Access("statistics", "usage_report.schedule", "dogwood-storage"), "", None),
    (9, "sam", Access("ticketing", "queue.open", "dogwood-network"), "", None),
    (
        6,
        "sofia",
        Access("domains", "domain.manage", "dogwood-jobs.example"),
        "New job site",
        25,
    ),
    (4, "grace", Access("statistics", "usage_report.view", "dogwood-tracking"), "Contract", 12),
    (3, "felix", Access("ticketing", "queue.open", "dogwood-hosting"), "", None),
    (2, "amir", Access("domains", "subscription.open", "dogwood"), "", None),
]


def address_of(name: str) -> str:
    """Return the address of somebody with this name."""
    return f"{name.split(' ')[0].lower()}@{DOMAIN}"
