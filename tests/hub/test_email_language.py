"""The language of emails: the recipient's, a new company's, or that of the page."""

import re
from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import override

from accounts.models import User
from accounts.services.customers import create_customer
from accounts.services.invitations import invite_main_super_user
from accounts.services.support import send_reset_link
from tests.cases import verified_case
from tests.hub.test_language import ENGLISH, in_french, typed_by_people
from tests.tree import ROOT, files


def written(mails: list[Any], address: str) -> str:
    (mail,) = (mail for mail in mails if mail.to == [address])
    return f"{mail.subject}\n{mail.body}"


def typed_in(text: str) -> str:
    return re.sub("|".join(map(re.escape, typed_by_people())), "", text)


def test_an_invitation_is_in_the_customers_language(olive, deliver: Callable[[], list[Any]]):
    elm = create_customer(actor=olive, slug="elm", name="Elm Fleurs", language="fr")
    invite_main_super_user(actor=olive, customer=elm, address="zoe@elm.example", name="Zoé")
    text = written(deliver(), "zoe@elm.example")

    assert f"Rejoignez « Elm Fleurs » sur Harbour (invitation de {olive.email})" in text
    assert "Bonjour Zoé," in text
    assert not ENGLISH.search(re.sub(r"\S+@\S+|http\S+", "", typed_in(text)))


def test_a_receipt_is_in_the_persons_language(dana, alice, bob, deliver):
    User.objects.filter(pk=bob.pk).update(language="fr")
    bob.refresh_from_db()
    with override("en"):
        case = verified_case(dana, bob, ticket="T-7", reason="Appel de Bob")
        send_reset_link(actor=dana, case=case)
    mails = deliver()
    receipt = next(mail for mail in mails if mail.to == [bob.email] and "T-7" in mail.body)

    assert "Le centre d’assistance Harbour vous a envoyé un lien de réinit" in receipt.subject
    assert "Motif\N{NO-BREAK SPACE}: Appel de Bob" in receipt.body
    assert "Reason: Appel de Bob" in written(mails, alice.email)
    for mail in mails:
        if mail.to == [bob.email]:
            assert not ENGLISH.search(re.sub(r"http\S+|\S+@\S+", "", typed_in(mail.body)))


def test_email_of_libraries_is_in_the_pages_language(client, bob, deliver):
    in_french(client).post(reverse("account_reset_password"), {"email": bob.email})
    text = written(deliver(), bob.email)

    assert "Choisissez un nouveau mot de passe" in text
    assert not ENGLISH.search(re.sub(r"http\S+|\S+@\S+", "", typed_in(text)))


def test_no_email_gets_words_in_the_language_of_its_sender():
    """Such a method answers in the language of whoever acts; a label waits for the reader's."""
    early = [
        str(path.relative_to(ROOT))
        for path in files(".py")
        if "tests" not in path.parts
        and re.search(r"\bsend_to\(|\bcompose_notice\(", source := path.read_text())
        and re.search(r"=[^=\n]*\.get_\w+_display\(\)|= ?amount\(", source)
    ]
    assert early == []
