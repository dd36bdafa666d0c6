"""Acts that must be recorded, and private acts that must stay private."""

from django.urls import reverse

from accounts.models import AuditEvent
from accounts.selectors import activity_of
from hub.example import PASSWORD
from tests.edits import edit


def sign_in(as_, person):
    client = as_(None)
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    return client


def test_ending_other_sessions_records_an_event(as_, bob):
    here, elsewhere = sign_in(as_, bob), sign_in(as_, bob)

    here.post(reverse("portals:devices"))

    assert elsewhere.get(reverse("accounts:profile")).status_code == 302
    event = AuditEvent.objects.get(kind="sessions.ended")
    assert (event.chain, event.person, event.data["count"]) == ("provider", bob, 1)
    here.post(reverse("portals:devices"))
    assert AuditEvent.objects.filter(kind="sessions.ended").count() == 1


def test_personal_acts_are_never_in_the_companys_trail(as_, bob, alder):
    before = activity_of(alder).count()
    client = sign_in(as_, bob)
    edit(client, reverse("accounts:profile"), {"name": "Robert", "language": "fr"})
    client.post(reverse("preferences:choose"), {"topic": "newsletter", "wants": "yes"})
    client.post(reverse("preferences:stop-all"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    new = "three unrelated words"
    client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    client.post(reverse("portals:devices"))
    client.post(reverse("account_logout"))

    assert AuditEvent.objects.filter(person=bob, chain="provider").count() >= 6
    assert activity_of(alder).count() == before


def test_a_person_page_does_not_reveal_members(as_, bob, emma, charlie):
    """A10: foreign, unknown and colleague look the same to a user."""
    page = [reverse("portals:person", args=["alder", person.sub]) for person in (emma, charlie)]
    unknown = reverse("portals:person", args=["alder", "00000000-0000-4000-8000-000000000000"])

    answers = {as_(bob).get(address).status_code for address in (*page, unknown)}

    assert answers == {403}
