"""Contacts get copies of notices about the company, in their language; secrets are never copied."""

from accounts.services.memberships import remove_membership, suspend_membership
from accounts.services.support import send_reset_link
from preferences.services.firms import name_contact


def test_a_contact_gets_a_copy_of_what_concerns_a_colleague(alice, bob, emma, membership, deliver):
    name_contact(actor=alice, membership=membership(emma), kind="security")
    count = len(deliver())
    suspend_membership(actor=alice, membership=membership(bob))
    own, copy = sorted(deliver()[count:], key=lambda mail: mail.to != [bob.email])
    assert (own.to, copy.to) == ([bob.email], [emma.email])
    assert copy.body.startswith("A copy for you")
    assert "A copy for you" not in own.body


def test_nobody_gets_it_twice_nor_once_they_left(alice, bob, emma, membership, deliver):
    name_contact(actor=alice, membership=membership(bob), kind="security")
    count = len(deliver())
    suspend_membership(actor=alice, membership=membership(bob))
    assert [mail.to for mail in deliver()[count:]] == [[bob.email]]
    count = len(deliver())
    remove_membership(actor=alice, membership=membership(bob))
    suspend_membership(actor=alice, membership=membership(emma))
    assert [mail.to for mail in deliver()[count:]] == [[bob.email], [emma.email]]


def test_a_reset_link_is_copied_to_nobody(alice, bob, emma, dana, membership, deliver):
    name_contact(actor=alice, membership=membership(emma), kind="security")
    count = len(deliver())
    send_reset_link(actor=dana, person=bob, ticket="T-1", reason="Lost")
    assert [emma.email] not in [mail.to for mail in deliver()[count:]]
