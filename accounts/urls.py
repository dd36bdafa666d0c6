"""Pages of people and customers."""

from django.urls import path

app_name = "accounts"
from django.http import HttpResponse

urlpatterns = [
    path("invitations/<str:token>/", lambda r, token: HttpResponse(""), name="invitation-accept")
]
