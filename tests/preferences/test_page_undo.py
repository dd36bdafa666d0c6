"""Undo on the preference page restores exactly the former state and basis (R34, R37)."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from preferences.choices import ConsentSource
from preferences.models import ConsentRecord, CustomerRecipient, Topic
from preferences.selectors import may_send
from preferences.selectors.evidence import evidence_of
from preferences.services.choices import choose_topic, stop_all_optional, unsubscribe
from preferences.services.customer_email import deny_topic
from preferences.services.opt_out_undo import choose_digest_by_link, stop_mail, undo_opt_out
from preferences.services.opt_outs import sign_opt_out
from preferences.services.receipts import receipt_for
from preferences.services.recipients import choose_digest, pause_optional_mail
from preferences.tokens import page_path, page_token, unsubscribe_token
from preferences.views.centre import CONFIRMATION_MAX_AGE, UNDO_SALT
from preferences.views.links import UNDO_COOKIE

HTMX = {"headers": {"HX-Request": "true"}}


def offered(page):
    """The value that the page's Undo would send."""
    found = re.search(r'action="/preferences/undo/".*?name="opt_out" value="([^"]+)"', page, re.S)
    return found[1] if found else None


def stop(client, topic, **more):
    return client.post("/preferences/choose/", {"topic": topic.slug}, follow=True, **more).text


def undo(client, kept, **more):
    return client.post("/preferences/undo/", {"opt_out": kept}, follow=True, **more)


@pytest.mark.parametrize("extra", [{}, HTMX])
@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "contract"), ("express", "express"), ("purchase", "purchase")],
)
def test_undo_restores_the_former_basis_and_no_better_one_R17_R18(
    bob, as_, newsletter, consent, before, after, extra
):
    at = timezone.now() - timedelta(days=100)
    if before:
        consent(bob.recipient, newsletter, basis=before, at=at)
    client = as_(bob)
    kept = offered(stop(client, newsletter, **extra))
    assert not may_send(bob, newsletter)
    pressed = timezone.now()
    assert "your preferences are as before" in undo(client, kept, **extra).text

    latest = ConsentRecord.objects.first()
    assert (latest.wants, latest.basis, latest.source, latest.actor) == (True, after, "undo", bob)
    assert latest.recorded_at >= pressed  # when the act was
    if before == "purchase":
        assert latest.at == at  # its clock runs from the old day
        history = client.get("/preferences/history/").text
        assert "valid from" in history
        [event] = [
            event
            for record in receipt_for(actor=bob)["receipt"]["records"]
            for event in record["events"]
            if event["record_id"] == latest.pk
        ]
        assert event["time"] == latest.recorded_at.isoformat()
        assert event["counts_from"] == at.isoformat()
        [proof] = [
            row for row in evidence_of(bob.recipient)["consent_records"] if row["id"] == latest.pk
        ]
        assert (proof["at"], proof["recorded_at"]) == (
            at.isoformat(),
            latest.recorded_at.isoformat(),
        )
    assert may_send(bob, newsletter)
    assert AuditEvent.objects.latest("pk").kind == "topic.undone"


def test_a_topic_added_by_the_company_offers_no_undo(bob, alice, as_, promotions):
    Topic.objects.filter(pk=promotions.pk).update(basis="implied")
    CustomerRecipient.objects.create(membership=bob.memberships.get(), topic=promotions, by=alice)
    page = stop(as_(bob), promotions)
    assert "Unsubscribed from: Promotions." in page
    assert offered(page) is None


@pytest.mark.parametrize("extra", [{}, HTMX])
def test_undoing_a_stop_of_everything_restores_exactly_the_former_state(
    bob, as_, newsletter, extra
):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    client = as_(bob)
    kept = offered(client.post("/preferences/stop/", follow=True, **extra).text)
    undo(client, kept, **extra)
    assert may_send(bob, Topic.objects.get(slug="product-updates"))
    assert not may_send(bob, newsletter)
    assert AuditEvent.objects.latest("pk").kind == "optional_mail.undone"


def test_an_opt_out_holds_the_persons_own_records_alone_R37(bob, emma, newsletter, consent):
    consent(bob.recipient, newsletter, basis="express")
    choose_topic(actor=emma, topic=newsletter, wants=True)
    choose_topic(actor=emma, topic=newsletter, wants=False)

    opt_out = stop_mail(actor=bob, topics=[newsletter])

    latest = ConsentRecord.objects.filter(recipient=bob.recipient).latest("pk")
    assert opt_out.records == [latest.pk]


def test_undoing_a_second_stop_keeps_the_first(bob, as_, newsletter):
    stop_all_optional(actor=bob)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    client = as_(bob)
    undo(client, offered(client.post("/preferences/stop/", follow=True).text))
    assert may_send(bob, newsletter)
    assert not may_send(bob, Topic.objects.get(slug="product-updates"))


def test_after_ten_minutes_an_undo_changes_nothing(bob, as_, newsletter, time_machine):
    client = as_(bob)
    kept = offered(stop(client, newsletter))
    time_machine.move_to(timezone.now() + CONFIRMATION_MAX_AGE + timedelta(seconds=1), tick=False)
    before = list(ConsentRecord.objects.values_list("pk"))
    response = undo(client, kept)
    assert response.status_code == 409
    assert "Nothing was undone" in response.text
    assert list(ConsentRecord.objects.values_list("pk")) == before


def test_an_undo_works_once_and_only_before_a_newer_choice(bob, as_, newsletter):
    client = as_(bob)
    kept = offered(stop(client, newsletter))
    undo(client, kept)
    assert undo(client, kept).status_code == 409  # again: it was done
    kept = offered(stop(client, newsletter))
    choose_topic(actor=bob, topic=newsletter, wants=True)
    choose_topic(actor=bob, topic=newsletter, wants=False)  # the other tab
    response = undo(client, kept)
    assert response.status_code == 409
    assert "your preferences changed since then" in response.text
    assert not may_send(bob, newsletter)


def test_nobody_undoes_an_opt_out_of_somebody_else_or_of_another_source(
    bob, alice, as_, newsletter
):
    theirs = offered(stop(as_(bob), newsletter))
    assert undo(as_(alice), theirs).status_code == 409
    link = Client()
    path = f"/preferences/mail/{page_token(alice.recipient)}/"
    link.post(path, {"act": "stop", "topic": newsletter.slug})
    for kept in (link.cookies[UNDO_COOKIE].value, "", "x\x00", theirs[:-1] + "."):
        assert undo(as_(alice), kept).status_code == 409
    link.cookies[UNDO_COOKIE] = theirs
    assert "Nothing was undone" in link.post(path, {"act": "undo"}).text
    assert Client().post("/preferences/undo/", {"opt_out": theirs}).status_code == 302
    assert not may_send(bob, newsletter)
    assert not may_send(alice, newsletter)


def test_a_link_and_a_signed_in_person_cannot_undo_each_others_opt_outs(bob, newsletter, consent):
    own = stop_mail(actor=bob, topics=[newsletter])
    assert not undo_opt_out(actor=None, recipient=bob.recipient, opt_out=own)
    with pytest.raises(DatabaseError), transaction.atomic():  # nor by hand in the database
        consent(bob.recipient, newsletter, source=ConsentSource.UNDO)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    linked = stop_mail(actor=None, recipient=bob.recipient, topics=[newsletter])
    assert not undo_opt_out(actor=bob, opt_out=linked)
    with pytest.raises(DatabaseError), transaction.atomic():
        consent(bob.recipient, newsletter, source=ConsentSource.UNDO, actor=bob)
    assert undo_opt_out(actor=None, recipient=bob.recipient, opt_out=linked)


def test_a_closed_account_undoes_nothing(bob, newsletter):
    kept = stop_mail(actor=bob, topics=[newsletter])
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        undo_opt_out(actor=bob, opt_out=kept)


def test_a_forged_undo_is_refused(bob, as_, newsletter):
    content = signing.loads(offered(stop(as_(bob), newsletter)), salt=UNDO_SALT)
    for kept in (
        signing.dumps(content, salt="another"),
        signing.dumps(content, salt=UNDO_SALT, key="k" * 50),
    ):
        assert undo(as_(bob), kept).status_code == 409
    assert not may_send(bob, newsletter)


def test_a_persons_own_frequency_is_not_undone_by_a_link(bob):
    taken = choose_digest_by_link(actor=None, recipient=bob.recipient, digest="weekly")
    choose_digest(actor=bob, digest="weekly")  # the same, said by the person
    assert not undo_opt_out(actor=None, recipient=bob.recipient, opt_out=taken)
    bob.recipient.refresh_from_db()
    assert bob.recipient.digest == "weekly"

    choose_digest(actor=bob, digest="immediate")
    taken = choose_digest_by_link(actor=None, recipient=bob.recipient, digest="daily")
    assert undo_opt_out(actor=None, recipient=bob.recipient, opt_out=taken)


def test_the_page_offers_to_resume_after_a_stop_of_everything(bob, as_):
    stop_all_optional(actor=bob)
    client = as_(bob)
    page = client.get("/preferences/").text
    assert "Subscribe again" in page
    assert "Unsubscribed" in page.split('id="history"')[1]
    page = client.post("/preferences/resume/", follow=True).text
    assert "Subscribe again" not in page
    assert "Subscribed again" in page.split('id="history"')[1]


def test_a_subscribed_topic_explains_why_no_email_comes(bob, alice, as_, promotions):
    deny_topic(actor=alice, customer=bob.memberships.get().customer, topic=promotions)
    data = {"topic": "promotions", "wants": "yes"}
    page = as_(bob).post("/preferences/choose/", data, follow=True).text
    assert "Subscribed to: Promotions." in page
    assert "You don't get it for now. The reason is shown next to it." in page


@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("way", ["one_click", "mail_link"])
def test_an_opt_out_by_email_is_recorded_beside_a_persons_own_R44(
    bob, as_, newsletter, everything, way
):
    """Whoever unsubscribed meanwhile is not brought back by the page's undo."""
    client = as_(bob)
    if everything:
        kept = offered(client.post("/preferences/stop/", follow=True).text)
    else:
        kept = offered(stop(client, newsletter))
    token = unsubscribe_token(bob.recipient, *([] if everything else [newsletter]))
    unsubscribe(actor=None, token=token, source=way)
    assert undo(client, kept).status_code == 409
    assert not may_send(bob, newsletter)


@pytest.mark.parametrize("by_link", [True, False])
def test_resuming_ends_an_older_undo(bob, as_, newsletter, by_link):
    client, link = as_(bob), Client()
    path = f"/preferences/mail/{page_token(bob.recipient)}/"
    if by_link:
        link.post(path, {"act": "stop", "topic": newsletter.slug})
    else:
        kept = offered(stop(client, newsletter))
    client.post("/preferences/stop/")
    client.post("/preferences/resume/")
    if by_link:
        assert link.post(path, {"act": "undo"}).status_code == 200
    else:
        assert undo(client, kept).status_code == 409
    assert not may_send(bob, newsletter)


@pytest.mark.parametrize("by_link", [True, False])
def test_an_undo_keeps_choices_made_after_a_stop_of_everything(bob, newsletter, by_link):
    actor, reader = (None, bob.recipient) if by_link else (bob, None)
    taken = stop_mail(actor=actor, recipient=reader, topics=[])
    choose_topic(actor=bob, topic=newsletter, wants=True)  # only this comes now
    assert not undo_opt_out(actor=actor, recipient=reader, opt_out=taken)
    assert not may_send(bob, Topic.objects.get(slug="product-updates"))


def test_the_undo_of_a_second_stop_works_once(bob, as_, newsletter):
    stop_all_optional(actor=bob)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    client = as_(bob)
    kept = offered(client.post("/preferences/stop/", follow=True).text)
    undo(client, kept)
    choose_topic(actor=bob, topic=newsletter, wants=False)
    count = AuditEvent.objects.count()
    assert undo(client, kept).status_code == 409
    assert AuditEvent.objects.count() == count


def test_undo_restores_no_topic_that_was_not_received(newsletter):
    """Somebody nothing ties to us gets nothing by silence, and nothing by an undo (R18)."""
    nina = User.objects.create_user("nina@elsewhere.example", name="Nina")
    assert not may_send(nina, newsletter)
    taken = stop_mail(actor=nina, topics=[newsletter])
    assert not taken.is_undoable
    assert not undo_opt_out(actor=nina, opt_out=taken)
    assert not may_send(nina, newsletter)


def test_a_pause_keeps_an_undo_available(bob, newsletter):
    pause_optional_mail(actor=bob, until=timezone.now() + timedelta(days=30))
    assert undo_opt_out(actor=bob, opt_out=stop_mail(actor=bob, topics=[newsletter]))


def test_a_stop_of_everything_blocks_implied_consent(bob, newsletter, consent):
    consent(bob.recipient, newsletter, basis="purchase")
    stop_all_optional(actor=bob)
    consent(bob.recipient, newsletter, wants=False, actor=bob)
    with pytest.raises(DatabaseError), transaction.atomic():
        consent(bob.recipient, newsletter, source="undo", basis="purchase", actor=bob)


def test_a_refused_undo_is_explained_with_javascript(bob, as_, newsletter):
    response = undo(as_(bob), "", **HTMX)
    assert response.status_code == 200  # htmx shows no other
    assert "<html" not in response.text
    assert "Nothing was undone" in response.text


@pytest.mark.parametrize("way", ["page", "link"])
def test_an_undo_names_what_was_chosen_about_since(way, bob, as_, newsletter, consent):
    """Of two topics stopped at once, one was chosen again: the page names it, and undoes one."""
    product = Topic.objects.exclude(pk=newsletter.pk).filter(basis="express").first()
    for topic in (newsletter, product):
        choose_topic(actor=bob, topic=topic, wants=True)
    actor = bob if way == "page" else None
    more = {} if actor else {"recipient": bob.recipient}
    taken = stop_mail(actor=actor, topics=[newsletter, product], **more)
    choose_topic(actor=bob, topic=product, wants=True)

    if way == "page":
        page = undo(as_(bob), sign_opt_out(taken, UNDO_SALT)).text
    else:
        client, address = Client(), page_path(bob.recipient)
        client.cookies[UNDO_COOKIE] = sign_opt_out(taken, UNDO_COOKIE)
        page = client.post(address, {"act": "undo"}).text

    assert f"Undone, except for the topics you changed since then: {product}." in page
    assert may_send(bob, newsletter)


def test_an_undo_by_link_that_undid_nothing_says_so(bob, newsletter):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    taken = stop_mail(actor=None, topics=[newsletter], recipient=bob.recipient)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    client = Client()
    client.cookies[UNDO_COOKIE] = sign_opt_out(taken, UNDO_COOKIE)

    page = client.post(page_path(bob.recipient), {"act": "undo"}).text

    assert "Nothing was undone, because your preferences changed since then." in page
