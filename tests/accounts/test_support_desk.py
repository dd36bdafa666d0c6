"""Support gives people back their access and never holds it (G1, G3, G7)."""

import re

import pytest
from allauth.idp.oidc.models import Client as PortalClient
from allauth.idp.oidc.models import Token
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import AuditEvent
from accounts.services.support import SupportRefused, end_all_sessions, send_reset_link

ACTS = [send_reset_link, end_all_sessions]
WHY = {"ticket": "T-1042", "reason": "Called from the number on file"}


@pytest.mark.parametrize("act", ACTS)
def test_support_may_and_each_act_is_recorded(act, dana, bob, alice, alder, deliver):
    act(actor=dana, person=bob, **WHY)

    told = [mail for mail in deliver() if "T-1042" in mail.subject]
    assert sorted(mail.to[0] for mail in told) == [alice.email, bob.email]
    assert all("Dana Okafor" in m.body and WHY["reason"] in m.body for m in told)
    trail = AuditEvent.objects.filter(kind__startswith="support.", person=bob)
    assert {event.customer for event in trail} == {None, alder}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_nobody_else_may(act, who, request, emma, events):
    actor, before = request.getfixturevalue(who), events()

    with pytest.raises(PermissionDenied):
        act(actor=actor, person=emma, **WHY)

    assert events() == before


@pytest.mark.parametrize("act", ACTS)
def test_staff_without_the_permission_may_not(act, dana, emma):
    dana.groups.clear()

    with pytest.raises(PermissionDenied):
        act(actor=type(dana).objects.get(pk=dana.pk), person=emma, **WHY)


@pytest.mark.parametrize("act", ACTS)
def test_support_never_acts_on_staff_or_themselves_G3(act, dana, olive, deliver):
    for person in (dana, olive):
        with pytest.raises(PermissionDenied):
            act(actor=dana, person=person, **WHY)

    assert deliver() == []


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("field", ["ticket", "reason"])
@pytest.mark.parametrize("value", ["", "   ", "a\x07b", "x" * 501, "\u202eticket"])
def test_support_needs_ticket_and_reason_G1(act, field, value, dana, bob, deliver, events):
    before = events()

    with pytest.raises(ValidationError) as refusal:
        act(actor=dana, person=bob, **(WHY | {field: value}))

    assert list(refusal.value.message_dict) == [field]
    assert (deliver(), events()) == ([], before)


@pytest.mark.parametrize("act", ACTS)
def test_support_never_acts_on_a_closed_account(act, dana, bob):
    bob.is_active = False
    bob.save()

    with pytest.raises(SupportRefused):
        act(actor=dana, person=bob, **WHY)


def link_in(mails, person):
    [mail] = [mail for mail in mails if mail.to == [person.email] and "/reset/key/" in mail.body]
    return re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.body).group(1)


def test_the_link_lets_the_person_choose_and_works_once(dana, bob, as_, deliver):
    send_reset_link(actor=dana, person=bob, **WHY)
    link = link_in(deliver(), bob)

    client = as_(None)
    form = client.get(link, follow=True)
    words = {"password1": "chosen by bob alone", "password2": "chosen by bob alone"}
    client.post(form.redirect_chain[-1][0], words)

    bob.refresh_from_db()
    assert bob.check_password("chosen by bob alone")
    assert as_(None).get(link, follow=True).context["token_fail"]


def test_support_never_sees_the_link_G7(dana, bob, as_, deliver):
    client = as_(dana)
    page = reverse("accounts:desk-person", args=[bob.sub])

    answer = client.post(reverse("accounts:desk-reset-link", args=[bob.sub]), WHY, follow=True)

    key = link_in(deliver(), bob).split("/key/")[1].strip("/")
    assert key not in answer.content.decode() + client.get(page).content.decode()
    assert not [e for e in AuditEvent.objects.all() if key in str(e.data)]
    assert bob.password not in client.get(page).content.decode()
    assert all(key not in mail.body for mail in deliver() if mail.to != [bob.email])


def test_ended_sessions_are_signed_out(dana, bob, as_):
    """Also one that allauth never listed: it was made by force_login."""
    browser, phone = as_(bob), as_(None)
    phone.post(reverse("account_login"), {"login": bob.email, "password": "harbour-example-2026"})
    assert browser.get("/profile/").status_code == phone.get("/profile/").status_code == 200

    end_all_sessions(actor=dana, person=bob, **WHY)

    for client in (browser, phone):
        answer = client.get("/profile/")
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def test_portal_tokens_end(dana, bob):
    portal = PortalClient.objects.create(name="A portal")
    Token.objects.create(user=bob, type=Token.Type.REFRESH_TOKEN, hash="x", client=portal)

    end_all_sessions(actor=dana, person=bob, **WHY)

    assert not Token.objects.filter(user=bob).exists()


def test_others_stay_signed_in(dana, bob, emma, as_):
    client = as_(emma)

    end_all_sessions(actor=dana, person=bob, **WHY)

    assert client.get("/profile/").status_code == 200
