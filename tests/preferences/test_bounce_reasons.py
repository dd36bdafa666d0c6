"""Soft is not hard: what a server's reply says, by its words and its most exact code (R47).

Each reply is written in the manner of the program or service that its name tells, by ourselves.
"""

from time import process_time

import pytest

from accounts.choices import BounceReason
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.services.bounce_reasons import classify_failure, read_reason
from preferences.services.bounce_words import (
    ABOUT_SENDER,
    HARD_WORDS,
    HARD_WORDS_OF_5XX,
    SOFT_WORDS,
)

R = BounceReason
REPLIES = {
    # --- about the address: hard ---
    "rfc3463-status-alone": (R.NO_ADDRESS, "5.1.1", ""),
    "postfix-virtual": (
        R.NO_ADDRESS,
        "5.1.1",
        "550 5.1.1 <bob@alder.example>: Recipient address rejected: User unknown in virtual table",
    ),
    "postfix-450-unknown-local": (R.NO_ADDRESS, "4.1.1", "450 4.1.1 <bob@x.example>: User unknown"),
    "exim-unrouteable": (R.NO_ADDRESS, "5.0.0", "Unrouteable address"),
    "exim-null-mx": (R.NO_DOMAIN, "", "an MX or SRV record indicated no SMTP service"),
    "exim-dead-mx": (R.NO_DOMAIN, "", "all relevant MX records point to non-existent hosts"),
    "rfc7505-null-mx": (R.NO_DOMAIN, "5.1.10", "556 5.1.10 alder.example has a null MX record"),
    "rfc7505-null-mx-as-4xx": (R.NO_DOMAIN, "4.1.0", "450 4.1.0 domain publishes a Null MX"),
    "qmail-no-mailbox": (R.NO_ADDRESS, "", "Sorry, no mailbox here by that name. (#5.1.1)"),
    "qmail-no-host": (R.NO_DOMAIN, "", "I couldn't find any host named alder.example. (#5.1.2)"),
    "gmail-no-such-user": (
        R.NO_ADDRESS,
        "5.1.1",
        "550-5.1.1 This email account does not exist. Please check for typos and spaces.",
    ),
    "gmail-disabled": (R.CLOSED, "5.2.1", "550 5.2.1 The account you wrote to is disabled."),
    "yahoo-no-account": (
        R.NO_ADDRESS,
        "5.0.0",
        "554 30 This user doesn't have an x.example account",
    ),
    "outlook-unavailable": (R.NO_ADDRESS, "5.5.0", "550 5.5.0 Mailbox unavailable (S2017)"),
    "microsoft-365-directory": (
        R.NO_ADDRESS,
        "5.4.1",
        "550 5.4.1 Recipient address rejected: Access denied. AS(1)",
    ),
    "microsoft-365-no-domain": (R.NO_DOMAIN, "5.4.310", "DNS domain alder.example does not exist"),
    "exchange-not-found": (R.NO_ADDRESS, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
    "domino-not-listed": (
        R.NO_ADDRESS,
        "5.0.0",
        "User bob (bob@x.example) not listed in Directory",
    ),
    "sendmail-5.3.0": (R.NO_ADDRESS, "5.3.0", "553 5.3.0 <bob@x.example>... Addressee unknown"),
    "postfix-no-domain": (
        R.NO_DOMAIN,
        "5.4.4",
        "Host or domain name not found. Name service error for name=x.example type=A",
    ),
    "french": (R.NO_ADDRESS, "", "550 Cette adresse n'existe pas"),
    "german": (R.NO_ADDRESS, "", "550 Empfänger unbekannt"),
    # --- the mailbox is full: soft ---
    "status-field-says-unknown": (R.FULL, "5.1.1", "552 5.2.2 The mailbox is over quota"),
    "dovecot": (R.FULL, "5.2.2", "552 5.2.2 <bob@x.example> Quota exceeded (mailbox is full)"),
    "qmail-mailfolder": (R.FULL, "", "Undelivered because the user's mailfolder is full."),
    "vms": (R.FULL, "", "mail box space not enough"),
    "french-full": (R.FULL, "", "552 Boîte aux lettres pleine"),
    "status-4.2.2-against-words": (R.FULL, "4.2.2", "550 no such user"),
    # --- about the sender or the message: soft ---
    "spamhaus": (R.REFUSED, "5.0.0", "550 Service refused; client host blocked using a blocklist"),
    "microsoft-s3140": (R.REFUSED, "5.7.1", "550 5.7.1 Part of your network is on our block list"),
    "gmail-spf": (R.REFUSED, "5.7.26", "550-5.7.26 This mail is unauthenticated: SPF did not pass"),
    "gmail-dmarc": (
        R.REFUSED,
        "5.7.26",
        "550 5.7.26 Not accepted due to the domain's DMARC policy",
    ),
    "gmail-spam": (R.REFUSED, "5.7.1", "550 5.7.1 This message is likely unsolicited mail"),
    "postfix-sender-domain": (
        R.REFUSED,
        "5.1.8",
        "550 5.1.8 <news@x.example>: Sender address rejected: Domain not found",
    ),
    "exim-sender-verify": (R.REFUSED, "5.0.0", "550 Sender verify failed: user unknown"),
    "exchange-restricted": (R.REFUSED, "5.7.1", "550 5.7.1 RESOLVER.RST.AuthRequired"),
    "exchange-members-only": (R.REFUSED, "5.7.133", "This list only accepts mail from its members"),
    "relay-denied": (R.REFUSED, "5.7.1", "554 5.7.1 <bob@x.example>: Relay access denied"),
    "amavis-virus": (R.REFUSED, "5.7.0", "554 5.7.0 Reject, id=1 - VIRUS found"),
    "too-large": (R.REFUSED, "5.3.4", "552 5.3.4 Message size exceeds fixed limit"),
    "helo": (R.REFUSED, "5.5.0", "550 Access denied - Invalid HELO name"),
    "known-user-in-a-policy": (R.REFUSED, "5.1.1", "550 5.1.1 Message refused by our policy"),
    # --- about the moment: soft ---
    "greylisting": (R.NETWORK, "4.7.1", "450 4.7.1 Recipient address rejected: Greylisted"),
    "gmail-rate": (R.NETWORK, "4.2.1", "450-4.2.1 This user is receiving mail at too fast a rate"),
    "yahoo-deferred": (R.NETWORK, "4.7.0", "421 4.7.0 [TSS04] Messages temporarily deferred"),
    "exim-retry": (R.NETWORK, "", "retry timeout exceeded"),
    "postfix-connect": (R.NETWORK, "4.4.1", "connect to mx.x.example[192.0.2.1]:25: timed out"),
    "postfix-try-again": (R.NETWORK, "4.4.3", "Name service error: Host not found, try again"),
    "domain-looked-up-later": (R.NETWORK, "4.1.2", "450 4.1.2 Domain not found"),
    "loop": (R.NETWORK, "5.4.6", "554 5.4.6 Too many hops"),
    "rfc5321-450-busy": (R.UNKNOWN, "", "450 Requested action not taken: mailbox unavailable"),
    # --- nobody can tell ---
    "bare-550": (R.UNKNOWN, "", "550 no"),
    "nothing": (R.UNKNOWN, "", ""),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_read_for_what_it_says(name):
    reason, status, text = REPLIES[name]
    assert read_reason(status=status, text=text) == reason


@pytest.mark.parametrize("reason", BounceReason)
def test_only_what_is_about_the_address_is_hard(reason):
    """Doubt is soft: five in ten days still mark an address."""
    status, text = next((s, t) for r, s, t in REPLIES.values() if r == reason)
    hard = {R.NO_ADDRESS, R.NO_DOMAIN, R.CLOSED}
    kind = DeliveryEventKind.HARD if reason in hard else DeliveryEventKind.SOFT
    assert classify_failure(status=status, text=text) == kind


def test_the_name_of_a_server_is_no_reason():
    """A host of a blocklist's, an address or a link may hold any word (Postfix's “host … said”)."""
    text = "host mx.spam-virus-policy.example[192.0.2.1] said: 550 5.1.1 User unknown: see "
    link = "https://blocklist.example/quota-exceeded"
    assert read_reason(text=f"{text} {link}") == R.NO_ADDRESS
    assert (
        read_reason(text=f"552 mailbox full <unknown-user@no-such-user.example> {link}") == R.FULL
    )


def test_every_row_of_words_names_its_sources():
    rows = [ABOUT_SENDER, *SOFT_WORDS, *HARD_WORDS, HARD_WORDS_OF_5XX]
    assert all(row.source for row in rows)
    assert {row.reason for row in rows} == set(R) - {R.UNKNOWN}


def test_a_hostile_reply_is_read_quickly():
    start = process_time()
    for text in ("user " * 50_000, "a@" * 50_000, "quota " + "x" * 100_000, "5.1." * 50_000):
        read_reason(status=text, text=text)
    assert process_time() - start < 1
