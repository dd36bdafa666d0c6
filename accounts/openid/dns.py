"""Asking the DNS for the record by which a company proves a domain."""

import dns.exception
import dns.resolver

LABEL = "_hub-domain"  # the record is beside the domain's others, not among them
LIFETIME = 5.0  # seconds for all tries
LARGEST = 50  # records


def record_name(domain: str) -> str:
    """Return the name of the TXT record of a domain."""
    return f"{LABEL}.{domain}"


def find_records(domain: str) -> list[str] | None:
    """Return the texts of a domain's TXT records for us; None where the DNS gives no answer."""
    resolver = dns.resolver.Resolver()
    try:
        answer = resolver.resolve(f"{record_name(domain)}.", "TXT", lifetime=LIFETIME, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException:
        return None
    return [
        b"".join(record.strings).decode("ascii", "replace") for record in list(answer)[:LARGEST]
    ]
