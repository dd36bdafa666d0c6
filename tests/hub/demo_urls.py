"""The hub's URLs with those of the demo, as with HUB_ENV=demo."""

from django.urls import include, path

from hub.urls import urlpatterns as hub_urls

urlpatterns = [*hub_urls, path("demo/", include("hub.demo.urls"))]
