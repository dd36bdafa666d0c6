"""Resources, as their portals report them; each report is all or nothing."""

from portals.services.resources.deletion import end_removed_resources, lock_portal
from portals.services.resources.owners import end_ownership_of_leaver, restore_ownership
from portals.services.resources.removal import Removal, RemovalUnconfirmed, delete_resource
from portals.services.resources.renaming import rename_resource
from portals.services.resources.reports import KEEP, LIMIT, Outcome, Report, ResourcesRefused
from portals.services.resources.writing import put_resource, sync_resources

__all__ = [
    "KEEP",
    "LIMIT",
    "Outcome",
    "Removal",
    "RemovalUnconfirmed",
    "Report",
    "ResourcesRefused",
    "delete_resource",
    "end_ownership_of_leaver",
    "end_removed_resources",
    "lock_portal",
    "put_resource",
    "rename_resource",
    "restore_ownership",
    "sync_resources",
]
