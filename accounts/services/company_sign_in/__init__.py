"""A company's own sign-in: connected, proven, tried, in force; and who comes through it."""

from accounts.services.company_sign_in.connecting import (
    CompanySignInRefused,
    client_secret_of,
    connect_provider,
    remove_provider,
    replace_client,
    reseal_client_secrets,
)
from accounts.services.company_sign_in.domains import (
    add_domain,
    find_domain_of_link,
    prove_domain_by_dns,
    prove_domain_by_link,
    send_domain_link,
)
from accounts.services.company_sign_in.matching import (
    Match,
    match_person,
    try_provider,
    unlink_person,
)
from accounts.services.company_sign_in.rechecking import note_domain_records, take_due_domains
from accounts.services.company_sign_in.releasing import release_domain, remove_domain
from accounts.services.company_sign_in.switching import (
    start_company_sign_in,
    stop_as_support,
    stop_company_sign_in,
    tell_members,
)

__all__ = [
    "CompanySignInRefused",
    "Match",
    "add_domain",
    "client_secret_of",
    "connect_provider",
    "find_domain_of_link",
    "match_person",
    "note_domain_records",
    "prove_domain_by_dns",
    "prove_domain_by_link",
    "release_domain",
    "remove_domain",
    "remove_provider",
    "replace_client",
    "reseal_client_secrets",
    "send_domain_link",
    "start_company_sign_in",
    "stop_as_support",
    "stop_company_sign_in",
    "take_due_domains",
    "tell_members",
    "try_provider",
    "unlink_person",
]
