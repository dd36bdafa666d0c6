"""The hub's URLs with the demo's, as HUB_ENV=demo mounts them."""

from django.urls import include, path

from hub.urls import urlpatterns as hub_urls

urlpatterns = [*hub_urls, path("demo/", include("hub.demo.urls"))]
