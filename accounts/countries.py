"""The country of a network address, from a list inside a package: nobody is asked about it."""

from ipaddress import IPv6Address, ip_address

from babel import Locale
from django.utils.translation import get_language
from iptocc import country_code


def country_of(address: str) -> str:
    """Return the country to which a network address was assigned, in the reader's language.

    Returns "" for private, unassigned and malformed addresses. The registries of the Internet say
    to whom a network belongs, not where it is used: an estimate.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    code = country_code(str(parsed))
    names = Locale.parse(get_language() or "en", sep="-").territories
    return names.get(code, "") if code else ""
