"""How text is made comparable, and the words by which a row is found."""

import re
import unicodedata

from accounts.domains import readable_address

# Characters of a text that are searched or compared. To normalise a long text of combining marks
# takes time by the square of its length, so every text is measured first.
SEARCH_LENGTH = 300
WORD_LENGTH = 100
NATIONAL_DIGITS = 10  # of a phone number in North America
MAX_WORDS = 40  # of a row; an id of a portal may have a hundred parts

# Letters that Unicode does not take apart into a letter and a mark, and signs written in many ways.
_PLAIN_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h",
        "ŧ": "t", "ı": "i", "ŋ": "n", "ĸ": "k", "ə": "e",
    }
)  # fmt: skip
_PLAIN_SIGNS = str.maketrans("´`‘’ʼʻ′＇‐‑‒–—−", "''''''''------")
# The first letter or figure after a sign. Not a top-level domain: half of all addresses end alike.
_PART = re.compile(r"(?<![^\W_])(?!(?<=\.)[a-z]{2,}$)[^\W_]")
_LETTER = re.compile(r"[^\W\d_]")
_BEFORE_PART = re.compile(r"\A[\W_]+(?=[^\W_])")


def search_key(text: str) -> str:
    """Return text as it is compared: no accents, no case, single spaces ("Zoë  L" → "zoe l").

    Of a text longer than SEARCH_LENGTH it is the beginning and “…”, so it equals no shorter text.
    """
    plain = unicodedata.normalize("NFKD", text[:SEARCH_LENGTH].translate(_PLAIN_SIGNS))
    plain = unicodedata.normalize("NFKD", plain.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    key = " ".join(plain.translate(_PLAIN_LETTERS).split())
    return key if len(text) <= SEARCH_LENGTH else f"{key}…"


def words_of(*texts: str) -> list[str]:
    """Return the beginnings by which texts are found: each part of each word with what follows it.

    "Jean-François O'Neil" has jean-francois, francois, oneil, neil; an address is also found by
    what follows a dot or the at sign. A domain is found as it is stored and as people read it.
    """
    words: dict[str, None] = {}
    for text in texts:
        for word in search_key(f"{text} {readable_address(text)}").split():
            starts = [match.start() for match in _PART.finditer(word)] or [0]
            words |= {word[start:].replace("'", "")[:WORD_LENGTH]: None for start in starts}
    return list(words)[:MAX_WORDS]


def digits_of(phone: str) -> str:
    """Return the last NATIONAL_DIGITS of a phone number as one word, without an extension.

    So it is found with or without the code of its country, however it is typed.
    """
    number = _LETTER.split(phone, maxsplit=1)[0]
    return "".join(filter(str.isdecimal, number))[-NATIONAL_DIGITS:]


def found_by(search: str, *texts: str) -> bool:
    """Return whether texts have all words of a search: for short lists without an index."""
    words = words_of(*texts)
    return all(any(word.startswith(typed) for word in words) for typed in typed_words(search))


def typed_words(text: str) -> list[str]:
    """Return what somebody typed as beginnings of words, the longest first.

    A hyphen separates words, because people type Jean-François with and without it.
    """
    key = search_key(text)
    typed = key.replace("-", " ").replace("'", "").split()
    words = {_BEFORE_PART.sub("", word)[:WORD_LENGTH] for word in typed}
    return sorted(words, key=lambda word: (-len(word), word)) or [key] * bool(key)
