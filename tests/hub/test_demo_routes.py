"""One-click sign-in and kept emails: in demo mode only, for this machine only."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend
from django.urls import Resolver404, resolve, reverse

from accounts.models import AuditEvent
from hub.demo.people import example_people
from tests.demo import manage

demo_mode = pytest.mark.urls("tests.hub.demo_urls")
FAR = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def keep(settings, tmp_path):
    """Keep a mail as the demo's transport does."""
    settings.EMAIL_FILE_PATH = tmp_path / "mail"

    def keep(*messages):
        transport = EmailBackend(file_path=str(settings.EMAIL_FILE_PATH))
        transport.send_messages(list(messages))

    settings.EMAIL_FILE_PATH.mkdir()
    return keep


@pytest.mark.parametrize("path", ["/demo/mail/", "/demo/mail/x/", "/demo/sign-in/1/"])
def test_no_such_routes_outside_the_demo(path):
    with pytest.raises(Resolver404):
        resolve(path)


def test_no_such_routes_in_production():
    code = "from django.urls import resolve; resolve('/'); resolve('/demo/mail/')"

    done = manage(
        "shell",
        "-c",
        code,
        HUB_ENV="production",
        HUB_SECRET_KEY="x" * 50,
        HUB_BASE_URL="https://hub.example",
        HUB_DATABASE_URL="sqlite://:memory:",
        HUB_EMAIL_URL="consolemail://",
    )

    assert "Resolver404" in done.stderr
    assert "demo/mail/" in done.stderr


@demo_mode
@pytest.mark.django_db
def test_one_click_signs_in_like_a_password(client, alice):
    response = client.post(reverse("demo:sign-in", args=[alice.pk]))

    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert client.session["account_authentication_methods"][-1]["method"] == "password"
    assert AuditEvent.objects.filter(kind="sign_in.done", actor=alice).exists()


@demo_mode
@pytest.mark.django_db
def test_one_click_changes_who_is_signed_in(client, alice, bob):
    client.post(reverse("demo:sign-in", args=[alice.pk]))
    client.post(reverse("demo:sign-in", args=[bob.pk]))

    assert client.session["_auth_user_id"] == str(bob.pk)


@demo_mode
@pytest.mark.django_db
def test_one_click_redirects_to_this_host_only(client, alice):
    def target(next_page):
        sign_in = reverse("demo:sign-in", args=[alice.pk])
        return client.post(sign_in, {"next": next_page}).headers["Location"]

    assert target("/preferences/") == "/preferences/"
    assert target("https://evil.example/") == "/"


@demo_mode
@pytest.mark.django_db
def test_one_click_refuses_others(client, alice):
    alice.email = "alice@alder.com"
    alice.save()

    assert client.post(reverse("demo:sign-in", args=[alice.pk])).status_code == 404
    assert client.post(reverse("demo:sign-in", args=[10**9])).status_code == 404
    assert "_auth_user_id" not in client.session


@demo_mode
@pytest.mark.django_db
def test_one_click_needs_a_post_from_this_machine(client, alice, keep):
    sign_in = reverse("demo:sign-in", args=[alice.pk])

    assert client.get(sign_in).status_code == 405
    assert client.post(sign_in, **FAR).status_code == 404
    assert client.get(reverse("demo:mail-list"), **FAR).status_code == 404
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_example_people_have_a_description():
    described = {person.user.name.split()[0]: person.description for person in example_people()}

    assert described["Alice"] == "Super User, Alder Dental"
    assert described["Bob"] == "User, Alder Dental"
    assert described["Dana"] == "Provider's staff: Support"
    assert list(described)[-2:] == ["Dana", "Olive"]


@demo_mode
@pytest.mark.django_db
def test_sign_in_page_offers_the_people(client, settings, alice):
    settings.DEMO = True

    page = client.get(reverse("account_login")).content.decode()

    assert reverse("demo:sign-in", args=[alice.pk]) in page
    assert "Alice Martin" in page
    assert reverse("demo:mail-list") in page


@demo_mode
def test_mail_newest_first(client, keep):
    keep(EmailMessage("First", "One", "hub@harbour.example", ["bob@alder.example"]))
    keep(EmailMessage("Second", "Two", "hub@harbour.example", ["emma@alder.example"]))

    page = client.get(reverse("demo:mail-list")).content.decode()

    assert page.index("Second") < page.index("First")
    assert "bob@alder.example" in page


@demo_mode
def test_both_parts_of_an_email_are_shown(client, keep):
    message = EmailMultiAlternatives(
        "Café <b>",
        "<script>x</script>\nÉté: http://127.0.0.1:8000/a?b=1&c=2",
        "h@x.example",
        ["b@x"],
    )
    message.attach_alternative("<html><head></head><h1>In a frame</h1></html>", "text/html")
    keep(message)
    listed = client.get(reverse("demo:mail-list"))
    key = listed.context["mails"][0].key

    page = client.get(reverse("demo:mail-detail", args=[key])).content.decode()

    assert "Café &lt;b&gt;" in page
    assert "&lt;script&gt;x" in page
    assert '<a href="http://127.0.0.1:8000/a?b=1&amp;c=2" rel="nofollow">' in page
    assert "In a frame" not in page
    part = client.get(reverse("demo:mail-html", args=[key]))
    assert "In a frame" in part.content.decode()
    assert part["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inl")
    assert "; sandbox" in part["Content-Security-Policy"]
    assert part["X-Frame-Options"] == "SAMEORIGIN"


@demo_mode
def test_no_mail_yet_and_unknown_mail(client, keep, settings):
    settings.EMAIL_FILE_PATH.rmdir()

    assert "No email yet" in client.get(reverse("demo:mail-list")).content.decode()
    assert client.get(reverse("demo:mail-detail", args=["nothing"])).status_code == 404
    assert client.get(reverse("demo:mail-html", args=["nothing"])).status_code == 404
