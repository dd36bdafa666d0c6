"""Access in rows, as pages show it: of a person or team, and of one resource."""

from portals.selectors.access_rows.grantee import PortalAccess, PortalRows, access_of
from portals.selectors.access_rows.resource import ResourceAccess, access_to
from portals.selectors.access_rows.rows import AccessRow

__all__ = [
    "AccessRow",
    "PortalAccess",
    "PortalRows",
    "ResourceAccess",
    "access_of",
    "access_to",
]
