"""The rules for text that people type, for every model and form."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from accounts.domains import to_ascii

NAME_LENGTH = 150
ADDRESS_LENGTH = 254

# Characters that control, reverse or hide in a text: first, last, Unicode's name. The list is our
# own, because Python's tables are of one year and know no letter or emoji of a later one. What
# scripts and emoji need is not in it: joiners, variation selectors, controls of Mongolian.
REFUSED_CHARACTERS = (
    (0x0000, 0x001F, "control characters, line breaks among them"),
    (0x007F, 0x009F, "delete, and further control characters"),
    (0x00AD, 0x00AD, "soft hyphen"),
    (0x034F, 0x034F, "combining grapheme joiner, which joins nothing"),
    (0x061C, 0x061C, "Arabic letter mark"),
    (0x115F, 0x1160, "Hangul fillers"),
    (0x17B4, 0x17B5, "Khmer inherent vowels"),
    (0x200B, 0x200B, "zero width space"),
    (0x200E, 0x200F, "left-to-right and right-to-left marks"),
    (0x2028, 0x2029, "line and paragraph separators"),
    (0x202A, 0x202E, "directional embeddings and overrides"),
    (0x2060, 0x206F, "word joiner, invisible operators, directional isolates"),
    (0x2800, 0x2800, "Braille pattern blank"),
    (0x3164, 0x3164, "Hangul filler"),
    (0xD800, 0xDFFF, "surrogates"),
    (0xFDD0, 0xFDEF, "noncharacters"),
    (0xFEFF, 0xFEFF, "zero width no-break space"),
    (0xFFA0, 0xFFA0, "halfwidth Hangul filler"),
    (0xFFF9, 0xFFFC, "interlinear annotations, object replacement character"),
    (0x1BCA0, 0x1BCA3, "shorthand format controls"),
    (0x1D173, 0x1D17A, "musical symbol controls"),
    (0xE0000, 0xE0FFF, "tags, which hide text"),
    *((plane + 0xFFFE, plane + 0xFFFF, "noncharacters") for plane in range(0, 0x110000, 0x10000)),
)
# Not the variation selectors among the tags: Chinese and Japanese names have forms by them.
_REFUSED = re.compile(
    "(?![\U000e0100-\U000e01ef])["
    + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last, _name in REFUSED_CHARACTERS)
    + "]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f")  # of Scotland, for one
# Zero width (non-)joiners stand inside a text only: some scripts and emoji need them there.
_LONE_JOINER = re.compile("\\A[\u200c\u200d]|[\u200c\u200d]\\Z")

MAX_WORDS = 20  # of a name; some associations need most of them
_LINK = re.compile(
    r"://|@|\bwww[.。]|\b(?:https?|mailto|tel|sms|data|javascript):"
    r"|[^\W_][.。][^\W\d_]{2,}(?::\d+)?[/⁄∕\\?#]",  # a domain and what follows it: word.tld/
    re.IGNORECASE,
)
# A word that ends a sentence, where there are words enough for one: “St. John's” is none.
_SENTENCE_END = re.compile(r"([^\W\d_]{4,})[.!?]")
SENTENCE_WORDS = 6
_SHORT_FORMS = {
    "asso", "assn", "assoc", "bros", "capt", "corp", "dept", "dist", "engr", "entr", "govt", "intl",
    "ltée", "messrs", "mgmt", "mlle", "natl", "prof", "prov", "serv", "univ",
}  # fmt: skip

# A number, then an extension; the spaces include those that word processors write.
_PHONE = re.compile(
    r"(\+? ?(?:\(?[0-9]\)?[ \u00a0\u202f.\-/]{0,3})+(?<=[0-9)]))"
    r"(?:,?[ \u00a0\u202f]*(?:ext(?:ension)?\.?|x|poste)[ \u00a0\u202f]*[0-9]{1,10})?",
    re.IGNORECASE,
)


def validate_plain_text(value: str) -> None:
    """Refuse REFUSED_CHARACTERS (line breaks too), and joiners with nothing to join.

    Raises ValidationError naming what is wrong.
    """
    refused = _REFUSED.search(_FLAG.sub("", value)) or _LONE_JOINER.search(value)
    if refused:
        raise ValidationError(
            _("Please remove the invisible or control character U+%(code)s."),
            code="control_character",
            params={"code": f"{ord(refused[0]):04X}"},
        )


def validate_name(value: str) -> None:
    """Refuse what would make a name a message: links, addresses, sentences, too many words.

    Names stand in email that we send to strangers. Raises as validate_plain_text, too.
    """
    validate_plain_text(value)
    text = unicodedata.normalize("NFKC", value)
    if _LINK.search(text):
        raise ValidationError(
            _(
                "A name cannot hold a web address or an e-mail address. Please write the name"
                " alone."
            ),
            code="name_with_link",
        )
    if _is_prose(text):
        raise ValidationError(
            _("This is longer than a name. Please write the name alone, without sentences."),
            code="name_with_sentence",
        )


def _is_prose(text: str) -> bool:
    """Return whether a text has too many words for a name, or reads as a sentence."""
    count = len(text.split())
    ends = [word.casefold() for word in _SENTENCE_END.findall(text)]
    return (
        count > MAX_WORDS
        or (count >= SENTENCE_WORDS and not _SHORT_FORMS.issuperset(ends))
        or (count >= SENTENCE_WORDS - 2 and text.rstrip().endswith(("!", "?")))
    )


def validate_short_name(value: str) -> None:
    """Refuse what would not read well in a URL. Raises ValidationError."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValidationError(
            _("Use small letters, digits and single hyphens, such as “alder-dental”."),
            code="short_name",
        )


def validate_plain_lines(value: str) -> None:
    """Refuse as validate_plain_text does, but allow line breaks and tabs."""
    validate_plain_text(value.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def validate_phone(value: str) -> None:
    """Refuse all but 3 to 15 digits with the usual punctuation, and an optional extension.

    Raises ValidationError.
    """
    number = _PHONE.fullmatch(value)
    if number is None or not 3 <= len(re.sub(r"\D", "", number[1])) <= 15:
        raise ValidationError(
            _(
                "This is not a phone number. Write 3 to 15 digits, with spaces or + ( ) . - / if"
                " you like, then perhaps an extension such as “ext. 12”."
            ),
            code="phone",
        )


def clean_reason(field: str, value: str, *, length: int = 500) -> str:
    """Return a reason or a ticket as one plain line that is not empty.

    Raises ValidationError naming the field.
    """
    value = value.strip()
    try:
        if not value:
            raise ValidationError(_("Please fill this in: it is kept with what you do."))
        if len(value) > length:
            raise ValidationError(
                _("Please keep this under %(length)s characters."), params={"length": length}
            )
        validate_plain_text(value)
    except ValidationError as error:
        raise ValidationError({field: error.error_list}) from None
    return value


def normalise_address(value: str) -> str:
    """Return an email address as the hub stores it: lower case, ASCII domain (IDNA 2008).

    The local part is ASCII only, so that look-alike addresses are one person (D8). For the same
    reason, quoted local parts ("bob"@ is bob@) and IP addresses for domains are refused. Raises
    ValidationError.
    """
    address = unicodedata.normalize("NFKC", value.strip())
    validate_plain_text(address)
    if len(address) > ADDRESS_LENGTH:
        raise ValidationError(_("This address is too long."), code="address_length")
    local, at, domain = address.rpartition("@")
    if not local.isascii():
        raise ValidationError(
            _(
                "The part before @ may only hold the letters a–z, digits and signs such as"
                " . _ + -. The mail servers of most providers cannot take others."
            ),
            code="address_letters",
        )
    try:
        domain = to_ascii(domain)
    except UnicodeError:
        raise ValidationError(_("This is not a complete e-mail address."), code="address") from None
    address = f"{local.lower()}{at}{domain}"
    if len(address) > ADDRESS_LENGTH:
        raise ValidationError(_("This address is too long."), code="address_length")
    EmailValidator(_("This is not a complete e-mail address."))(address)
    if '"' in local or domain.startswith("["):
        raise ValidationError(_("This is not a complete e-mail address."), code="address")
    return address


def address_as_stored(value: str) -> str:
    """Return an address that somebody typed to find it, in the form that the hub stores.

    What is no address is only stripped and in lower case: nothing is found by it.
    """
    try:
        return normalise_address(value)
    except ValidationError:
        return value.strip().lower()


def search_key(text: str) -> str:
    """Return text as it is searched: no accents, no case, single spaces ("Zoë  L" → "zoe l")."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())
