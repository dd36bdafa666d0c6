"""The words of mail servers about bounced email, as a table: the reason, its words, its sources.

The words are our own patterns for what the named standards and programs report. The order matters:
bounce_reasons.py takes the first row that fits.
"""

import re
from typing import NamedTuple

from accounts.choices import BounceReason


class Words(NamedTuple):
    """A row: a reason, the pattern of its words, and who reports so."""

    reason: BounceReason
    pattern: re.Pattern[str]
    source: str


def _words(reason: BounceReason, source: str, *patterns: str) -> Words:
    return Words(reason, re.compile("|".join(patterns), re.I), source)


# About the sender, whose address may be "unknown" as well: these come before every other word.
ABOUT_SENDER = _words(
    BounceReason.REFUSED,
    "RFC 3463 X.1.7, X.1.8; Postfix reject_unknown_sender_domain; Exim verify = sender",
    r"\b(?:sender|from|return.?path|mail from|originator|helo|ehlo)\b[^.;]{0,60}"
    r"(?:reject|den(?:y|ied)|invalid|unknown|not (?:exist|found|allow)|does ?n.t exist"
    r"|does not exist"
    r"|refus|block|restrict|verif|unresolv|not resolve)",
    r"\b(?:reject|den(?:y|ied)|invalid|unknown|refus\w+|block\w*|unverified)\W{1,3}"
    r"(?:sender|from address|return.?path|helo|ehlo)\b",
)

# About the message, the sender's standing, or the moment. Own words for what each source reports.
SOFT_WORDS = (
    _words(
        BounceReason.FULL,
        "RFC 3463 X.2.2, X.3.1; RFC 5321 452 and 552; Dovecot quota; Exim quota; Yahoo, Gmail",
        r"\b(?:mail ?box|mail ?folder|inbox|account|user|recipient|storage|disk"
        r"|maildir)\b[^.;]{0,60}"
        r"\b(?:is |almost |too )?full\b",
        r"\bfull (?:mail ?box|inbox)",
        r"over\W?(?:its |their |the |your )?(?:disk |mail(?:box)? |storage )?(?:quota|limit)",
        r"quota\W{1,3}(?:is |was |has been )?(?:exceed|violat|full|reached|over)",
        r"(?:exceed\w*|reached|out of|beyond)[^.;]{0,40}(?:quota|storage|mail ?box size"
        r"|disk space)",
        r"(?:insufficient|not enough|no|out of)[^.;]{0,20}(?:storage|disk|space)",
        r"(?:space|storage)[^.;]{0,20}(?:not enough|insufficient)",
        r"mail ?box (?:size )?(?:limit|has exceeded|exceeds)",
        r"bo[iî]te (?:aux lettres |de r[ée]ception )?(?:est )?pleine|quota d[ée]pass[ée]",
    ),
    _words(
        BounceReason.REFUSED,
        "RFC 7372 and RFC 3463 X.7.20-X.7.29: SPF, DKIM, DMARC; bulk sender rules of Google",
        r"\b(?:spf|dkim|dmarc|arc)\b|sender (?:id|policy framework)|unauthenticated"
        r"|not (?:pass )?authenticat|authentication (?:is )?(?:required|fail|check|information)",
    ),
    _words(
        BounceReason.REFUSED,
        "RFC 3463 X.7.1; RFC 5782 (blocklists); Spamhaus, Barracuda, Proofpoint, Microsoft S3140",
        r"(?:block|black|deny|reject|drop)\W?list",
        r"\b(?:rbl|dnsbl|blacklisted|blocklisted|blocked)\b|(?<!not )\blisted (?:in|on|by"
        r"|at)\b|reputation",
        r"\b(?:ip|client|network|connection|(?:your|sending) (?:host|server|domain))\b[^.;]{0,60}"
        r"\b(?:banned|rejected|not (?:allowed|welcome|accepted|authori[sz]ed)|den(?:y|ied))",
        r"reverse (?:dns|lookup|hostname|mapping)|\bptr\b|\brdns\b",
    ),
    _words(
        BounceReason.REFUSED,
        "RFC 3463 X.6.0, X.7.0; SpamAssassin, Amavis, Gmail 5.7.1, Exchange",
        r"\b(?:spam|spammers?|unsolicited|u[bc]e|bulk mail|virus|malware|phish\w*|junk"
        r"|suspicious|bayes)\b",
        r"content[^.;]{0,30}(?:filter|reject|restrict|not accept|den(?:y|ied)|policy)",
        r"(?:prohibited|forbidden|banned|illegal|unacceptable|dangerous) (?:attachment|content"
        r"|file|word)",
        r"attachment[^.;]{0,40}(?:not (?:allowed|accepted)|prohibited|blocked|removed)",
    ),
    _words(
        BounceReason.REFUSED,
        "RFC 3463 X.7.1, X.7.2; Exchange RESOLVER.RST; Postfix and Exim access rules",
        r"polic(?:y|ies)\b|administrative(?:ly)? (?:prohib|reject|den)|resolver\.rst|restricted\b",
        r"relay(?:ing)?\b[^.;]{0,30}(?:denied|not|prohib|reject|block|disabled)",
        r"(?:unable|not|n.t|refus\w+|cannot|can.t) (?:to )?relay|rcpthosts",
        r"(?:accept\w*|receiv\w*|tak(?:e|ing)) (?:e?.?mails?|messages?) (?:only )?from\b",
        r"only accepts?\b|not (?:authori[sz]ed|permitted|allowed) to send|permission to send"
        r"|security (?:reason|polic|settings)|challenge|white ?list|prohibited by (?:admin"
        r"|recipient)",
        r"(?:message|mail|e-mail) (?:was |is |has been )?(?:automatically )?"
        r"(?:refused|denied|rejected) (?:by|because|due|for|as)",
    ),
    _words(
        BounceReason.REFUSED,
        "RFC 3463 X.2.3, X.3.4, X.5, X.6; RFC 1870 SIZE; RFC 6152 8BITMIME",
        r"(?:message|mail|size|file|header|attachment)s?\b[^.;]{0,40}(?:too (?:large|big|long)"
        r"|exceed)",
        r"exceed\w*[^.;]{0,40}(?:message|incoming|inbound|maximum)[^.;]{0,20}size|too (?:large"
        r"|big)\b",
        r"syntax error|bare lf|line too long|malformed|smtputf8|8.?bit|invalid (?:header|character)"
        r"|command (?:not|unrecogni)|bad sequence|protocol error",
    ),
    _words(
        BounceReason.NETWORK,
        "RFC 3463 X.4.5, X.7.28; RFC 6647 (greylisting); Gmail 4.2.1 and 4.7.28, Yahoo TS",
        r"too many (?!hops)|rate.?limit|throttl|(?:message|sending|connection"
        r"|receiv\w*)[^.;]{0,20} rate\b"
        r"|gr[ae]y.?list|too (?:much|fast|frequent|quickly)",
        r"temporar(?:y|ily)|(?:try|retry)[^.;]{0,30}later|host not found, try again|deferred"
        r"|\bbusy\b"
        r"|over.?load|(?:insufficient|out of|low on)[^.;]{0,20}(?:resources|memory)",
    ),
    _words(
        BounceReason.NETWORK,
        "RFC 3463 X.3, X.4.1-X.4.7; Postfix, Exim, qmail and sendmail queue managers",
        r"tim(?:ed|e)[- ]?out|connection\b[^.;]{0,40}(?:refused|reset|lost|dropped|fail|died"
        r"|closed)",
        r"(?:no route|network (?:is )?(?:error|unreachable|problem)|not respond|no (?:answer"
        r"|response))",
        r"(?:could ?n.t|could not|cannot|can.t|unable to|wasn.t able to|fail\w* to)"
        r" (?:be )?(?:connect|contact|reach|establish)",
        r"(?:message|mail|routing|forward\w*)\W{1,3}loop|loop(?:ing|s)? (?:back|detect)|\bhops?\b",
        r"\bexpired?\b[^.;]{0,20}(?:after|in queue|message)|retry time|in the queue too long"
        r"|(?:message|delivery|time) (?:has )?expired|maximum delivery attempts|delivery attempts",
        r"(?:server|service|system|host)\b[^.;]{0,20}(?:is )?(?:down|unavailable|not available)",
        r"(?:lookup|dns|name ?server)\W{1,3}(?:fail|error|timed)|no address associated",
        r"(?:local|internal|system|configuration|i/o|server)\W{1,3}(?:configuration )?(?:error"
        r"|problem)"
        r"|\btls\b|certificate|handshake|not been collected|mail system problem|lowest numbered mx",
    ),
)

HARD_WORDS = (
    _words(
        BounceReason.NO_DOMAIN,
        "RFC 7505 (null MX); RFC 3463 X.1.2, X.1.10, X.4.4; RFC 7504 556; Postfix, Exim, qmail",
        r"null ?mx|indicated no smtp service|\bmx\b[^.;]{0,60}non-?existent",
        r"(?:\bdomain\b[^;]{0,60}|\bhost(?: or domain)?(?: name)? )"
        r"(?:not (?:be )?(?:found|exist|valid|known)|n.t exist|unknown|no longer (?:exist|in use))",
        r"(?:unknown|no such|invalid|non-?existent|unrouteable mail|find any|find a)"
        r" (?:mail )?(?:domain|host|mail exchanger)|nxdomain|name or service not known",
        r"domain\b[^.;]{0,30}(?:has no|does not (?:accept|have|receive)|doesn.t (?:accept|have"
        r"|receive))",
    ),
    _words(
        BounceReason.CLOSED,
        "RFC 3463 X.2.1; Gmail 5.2.1, Yahoo, qmail vpopmail, Microsoft",
        r"(?:mail ?box|account|user|recipient|address|e-?mail)\b[^.;]{0,40}"
        r"\b(?:disabled|deactivated|inactive|suspended|closed|cancell?ed|terminated"
        r"|discontinued|expired"
        r"|removed|deleted|retired|locked|frozen|not active|no longer (?:active|accept|receiv"
        r"|monitor))",
        r"\b(?:disabled|deactivated|inactive|suspended|closed) (?:mail ?box|account|user"
        r"|recipient|address)",
    ),
    _words(
        BounceReason.NO_ADDRESS,
        "RFC 3463 X.1.1, X.1.3, X.1.6; Postfix, Exim, sendmail, qmail, Gmail, Yahoo, Domino",
        r"\b(?:user|userid|recipient|mail ?box|account|addressee?|alias|person|customer"
        r"|subscriber|login"
        r"|local.?part|name|destinataire|adresse|utilisateur|empf[aä]e?nger)s?\b[^.;]{0,60}?"
        r"(?:unknown|not (?:be )?(?:found|known|exist|valid|listed|recogni[sz]ed|local|here)"
        r"|n.t (?:exist|found|have)|not exist|no longer|(?:is|are) (?:invalid|not a)|non-?existent"
        r"|undefined|not defined|not a (?:valid|known)|inconnue?|n.existe pas|no existe|unbekannt)",
        r"\b(?:unknown|no such|invalid|bad|non-?exist\w*|unrecogni[sz]ed|illegal|incorrect|wrong"
        r"|not? (?:a )?(?:valid|known))\b[^.;]{0,30}\b(?:user|userid|recipient|mail ?box|account"
        r"|address|alias|person|local.?part|mail drop|destination|name)",
        r"no (?:mail ?box|user|one|account)\b[^.;]{0,20}\b(?:here|by|with|under|named)",
        r"n.t have an? [^.;]{0,40}(?:account|mail ?box)|not our customer|unroutea?ble"
        r"|undeliverable address"
        r"|(?:address|mail ?box)[^.;]{0,20}(?:is )?wrong|recipientnotfound|recipnotfound"
        r"|did not exactly match"
        r"|not have a final email delivery point|5\.4\.1 recipient address rejected: access denied",
    ),
)

# Of 550 only: 450 says the same while a mailbox is busy (RFC 5321, 4.2.3).
HARD_WORDS_OF_5XX = _words(
    BounceReason.NO_ADDRESS,
    "RFC 5321 550 and 551; Outlook.com, Postfix, Exim, IronPort",
    r"mail ?box (?:is )?(?:unavailable|not available)|user not local|(?:recipient|user) rejected"
    r"|(?<!sender )address rejected",
)
