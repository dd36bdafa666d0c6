"""The demo's routes, which hub/urls.py includes only when HUB_ENV=demo."""

from django.urls import path

from hub.demo import views

app_name = "demo"

urlpatterns = [
    path("sign-in/<number:pk>/", views.sign_in, name="sign-in"),
    path("mail/", views.mail_list, name="mail-list"),
    path("mail/<slug:key>/", views.mail_detail, name="mail-detail"),
    path("mail/<slug:key>/html/", views.mail_html, name="mail-html"),
]
