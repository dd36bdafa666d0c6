"""URLs of what the provider owes: policies, breaches, log requests, and personal data."""

from django.urls import path

from compliance.urls import breaches, logs, own_data, policies, programmes
from compliance.views import due

app_name = "compliance"

urlpatterns = [
    path("provider/due/", due.due, name="due"),
    *policies.urlpatterns,
    *own_data.urlpatterns,
    *breaches.urlpatterns,
    *logs.urlpatterns,
    *programmes.urlpatterns,
]
