"""URLs of /api/v1/resources; ids are the portals' own texts and can contain slashes."""

from django.urls import path, register_converter

from portals.api import reports, resources


class ExternalIdConverter:
    """A portal's own id, percent-decoded: the rest of the path."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        """Return the id."""
        return value

    def to_url(self, value: str) -> str:
        """Return the id; reverse() encodes it."""
        return value


register_converter(ExternalIdConverter, "external_id")

app_name = "portals-api"
urlpatterns = [
    path("resources", resources.ResourceList.as_view(), name="resource-list"),
    path("resources/sync", reports.ResourceSync.as_view(), name="resource-sync"),
    path(
        "resources/<str:type_code>/<external_id:external_id>",
        reports.ResourceDetail.as_view(),
        name="resource",
    ),
]
