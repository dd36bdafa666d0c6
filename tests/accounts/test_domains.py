"""Domains follow IDNA 2008: a secret never goes to a domain that only looks the same in ASCII.

Reported of others as internetstandards/Internet.nl#507 and django/django#18950.
"""

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from accounts.domains import readable, readable_address, to_ascii, url_to_ascii
from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import User
from accounts.services.invitations import invite_person
from accounts.validators import normalise_address
from hub.environment import web_address
from hub.mail_route import mail_transport
from preferences.gate.envelope import rebuild
from preferences.models import Message


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("post@straße.example", "post@xn--strae-oqa.example"),
        ("post@STRASSE.example", "post@strasse.example"),
        ("Post@ΣΟΦΌΣ.example", "post@xn--0xahbl4a.example"),
        ("post@σοφός.example", "post@xn--0xagbn4a.example"),
        ("post@café.example", "post@xn--caf-dma.example"),
        ("post@例え。example", "post@xn--r8jz45g.example"),
        ("post@XN--STRAE-OQA.example", "post@xn--strae-oqa.example"),
        ("post@ab--cd.example", "post@ab--cd.example"),
    ],
)
def test_an_address_is_stored_by_idna_2008(written, stored):
    assert normalise_address(written) == stored


@pytest.mark.parametrize("domain", ["☃.example", "a\u200db.example", "ü-.example", "ü..example"])
def test_a_domain_that_idna_2008_forbids_is_refused(domain):
    with pytest.raises(ValidationError):
        normalise_address(f"post@{domain}")


@pytest.mark.parametrize("local", ["zoë", "почта", "gіna"])
def test_a_mailbox_name_of_other_letters_is_refused_in_true_words(local, alice, alder):
    with pytest.raises(ValidationError) as refusal:
        invite_person(actor=alice, customer=alder, address=f"{local}@alder.example")

    [message] = refusal.value.message_dict["address"]
    assert "Before @, use only" in message
    assert not alder.invitations.open().exists()


def test_two_domains_are_two_people_and_each_gets_its_own_mail(alice, alder):
    for address in ("post@straße.example", "post@strasse.example"):
        invite_person(actor=alice, customer=alder, address=address)

    sent = alder.invitations.filter(address__startswith="post@")
    addresses = set(sent.values_list("address", flat=True))
    assert addresses == {
        "post@xn--strae-oqa.example",
        "post@strasse.example",
    }


def test_the_gate_hands_on_the_domain_that_was_meant(db):
    headers = {NOTICE_CLASS_HEADER: "security"}
    EmailMessage("Code", "1234", to=["post@straße.example"], headers=headers).send()

    message = Message.objects.latest("pk")
    assert message.address == "post@xn--strae-oqa.example"
    sent = rebuild(message).message()
    assert sent["To"] == "post@xn--strae-oqa.example"
    assert not mail.outbox or all("strasse" not in m.to[0] for m in mail.outbox)


def test_signing_in_with_the_address_as_people_write_it(client, db):
    person = User.objects.create_user(
        "post@straße.example", "two long words", name="Post", language="en"
    )
    other = User.objects.create_user(
        "post@strasse.example", "other long words", name="Other", language="en"
    )
    for user in (person, other):
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)

    client.post("/accounts/login/", {"login": "Post@straße.example", "password": "two long words"})

    assert client.session["_auth_user_id"] == str(person.pk)
    assert User.objects.get_by_natural_key("post@straße.example") == person


@pytest.mark.parametrize(
    ("domain", "shown"),
    [
        ("xn--strae-oqa.example", "straße.example"),
        ("mail.xn--caf-dma.example", "mail.café.example"),
        ("xn--r8jz45g.example", "例え.example"),
        ("strasse.example", "strasse.example"),
        (to_ascii("аррӏе") + ".example", to_ascii("аррӏе") + ".example"),  # Cyrillic
        (to_ascii("pаypal") + ".example", to_ascii("pаypal") + ".example"),  # one of its a's is
        ("xn--n3h.example", "xn--n3h.example"),  # a snowman, of IDNA 2003
        ("xn--\u00e9.example", "xn--\u00e9.example"),
        ("xn--99999999.example", "xn--99999999.example"),
    ],
)
def test_a_domain_is_shown_readably_where_nobody_is_misled(domain, shown):
    assert readable(domain) == shown
    assert readable_address(f"post@{domain}") == f"post@{shown}"


def test_pages_show_the_readable_domain_and_link_the_real_one(as_, alice, alder):
    invite_person(actor=alice, customer=alder, address="post@straße.example")

    page = as_(alice).get("/c/alder/people/invitations/").content.decode()

    assert "post@straße.example" in page


def test_hosts_of_settings_are_in_ascii():
    assert web_address("https://straße.example/") == "https://xn--strae-oqa.example"
    assert url_to_ascii("https://u@straße.example:81/ß") == "https://u@xn--strae-oqa.example:81/ß"
    transport = mail_transport("smtp+tls://user:word@straße.example:587")
    assert transport["EMAIL_HOST"] == "xn--strae-oqa.example"
