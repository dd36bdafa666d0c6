"""Domain names: stored as mail and web servers know them, shown as people read them (IDNA 2008).

Python's own codec and Django's follow IDNA 2003, which makes `strasse` of `straße`: another domain.
"""

import unicodedata
from urllib.parse import urlsplit, urlunsplit

import idna

MAX_LENGTH = 253

# Scripts that are written together; every other label that mixes scripts stays in ASCII.
_TOGETHER = (
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"},
    {"CJK", "HANGUL"},
    {"CJK", "BOPOMOFO"},
)
# A label of these Cyrillic letters alone looks like a Latin one.
_LATIN_LOOKALIKES = set("асԁеһіјӏорԛѕԝхуъьҽпгѵѡ")


def to_ascii(domain: str) -> str:
    """Return a domain in ASCII, `xn--…` for what is not. Raises ValueError (UnicodeError).

    Labels that are ASCII already stay what they are: mail goes to them, whoever registered them.
    """
    if domain.isascii():
        return domain.lower()
    if len(domain) > MAX_LENGTH:  # before it is normalised, which takes long for a long text
        raise UnicodeError("This domain is too long.")
    mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
    return ".".join(
        label if label.isascii() else idna.alabel(label).decode() for label in mapped.split(".")
    )


def is_this_machine(host: str) -> bool:
    """Return whether a host's name is one of those that mean this machine (RFC 6761)."""
    return host in ("localhost", "127.0.0.1") or host.endswith(".localhost")


def url_to_ascii(url: str) -> str:
    """Return a web address with its host in ASCII. Raises ValueError."""
    parts = urlsplit(url)
    if parts.netloc.isascii():
        return url
    user, at, host = parts.netloc.rpartition("@")
    name, colon, port = host.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{to_ascii(name)}{colon}{port}"))


def address_to_ascii(address: str) -> str:
    """Return an e-mail address with its domain in ASCII. Raises ValueError."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{to_ascii(domain)}"


def readable(domain: str) -> str:
    """Return a domain with each `xn--…` label as people write it, where nobody can be misled."""
    return ".".join(_readable_label(label) for label in domain.split("."))


def readable_address(address: str) -> str:
    """Return an e-mail address with its domain as people write it, where nobody can be misled."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{readable(domain)}"


def _readable_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        text = idna.ulabel(label)
        round_trips = idna.alabel(text).decode() == label
    except UnicodeError:
        return label
    return text if round_trips and _is_of_one_script(text) else label


def _is_of_one_script(text: str) -> bool:
    """Return whether a label is of one script, or of some that are written together."""
    letters = [c for c in text if unicodedata.category(c)[0] == "L"]
    if set(letters) <= _LATIN_LOOKALIKES:
        return False
    scripts = {unicodedata.name(c, "?").partition(" ")[0] for c in letters}
    return len(scripts) == 1 or any(scripts <= together for together in _TOGETHER)
