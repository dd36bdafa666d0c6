"""Resources, as their portals report them; each report is all or nothing."""

from portals.services.resources.deletion import delete_resource
from portals.services.resources.reports import LIMIT, Outcome, Report, ResourcesRefused
from portals.services.resources.writing import put_resource, sync_resources

__all__ = [
    "LIMIT",
    "Outcome",
    "Report",
    "ResourcesRefused",
    "delete_resource",
    "put_resource",
    "sync_resources",
]
