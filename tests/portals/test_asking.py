"""The link from a portal to a request; it reveals nothing about other people's access."""

from urllib.parse import quote

import pytest
from django.utils import translation

from accounts.models import AccessRequest
from accounts.permissions import RequestRefused
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.requests import approve_request
from portals.models import Privilege, RequestedGrant, Resource
from portals.services.requests import request_access

DNS = "/ask/?portal=domains&type=domain&resource={}&privilege=manage_dns"
HOME = "https://domains.harbour.example/zones/7"


@pytest.fixture
def bob_of_two(alice, bob, birch, charlie):
    """Bob, who belongs to Birch too."""
    invitation = invite_person(actor=charlie, customer=birch, address=bob.email, name="Bob")
    accept_invitation(actor=bob, token=invitation.token, name="Bob", password="")
    return bob


def test_a_signed_out_visitor_signs_in_first(as_):
    response = as_(None).get(DNS.format("alder.example"))
    assert response.status_code == 302
    assert quote("/ask/?portal=domains", safe="") in quote(response["Location"], safe="%")


def test_the_link_prefills_a_request_that_gives_the_privilege(
    as_, alice, emma, resource, privilege_of, alder
):
    domain, client = resource("domain", "alderdental.example"), as_(emma)
    page = client.get(f"{DNS.format('alderdental.example')}&return={HOME}", follow=True)
    address, _status = page.redirect_chain[-1]
    assert address.startswith("/c/alder/requests/new/?portal=domains")
    html = page.content.decode()
    value = f"{domain.pk}:{privilege_of('domains.domain.manage_dns').pk}"
    assert f'value="{value}" checked' in html
    customer_portal = domain.subscription.resources.get(resource_type__code="subscription")
    assert f'href="{HOME}"' in html
    assert "alder.example (Domains)" not in html.replace("alderdental.example", "")

    assert "checked" not in html.split("Open Domains")[0].split("<label")[-1]  # asked for already
    example = AccessRequest.objects.get(membership__user=emma)
    sent = client.post(address, {"privileges": [value], "text": "", "expires_at": ""})
    assert "return=" in sent["Location"]
    assert f'href="{HOME}"' in client.get(sent["Location"]).content.decode()
    access_request = AccessRequest.objects.exclude(pk=example.pk).get(membership__user=emma)
    assert RequestedGrant.objects.get(request=access_request).resource == domain
    approve_request(actor=alice, access_request=access_request)
    assert emma.has_perm("portals.domains.domain.manage_dns", domain)
    assert not emma.has_perm("portals.domains.subscription.open", customer_portal)


def test_portal_access_is_requested_along(as_, bob, alder):
    html = (
        as_(bob)
        .get(
            "/ask/?portal=statistics&type=usage_report&resource=alder-web&privilege=view",
            follow=True,
        )
        .content.decode()
    )
    customer_portal = html.split("Open Usage statistics")[0].split("<label")[-1]
    assert "checked" in customer_portal
    assert html.count(" checked") == 2


def test_a_resource_of_another_company_looks_like_a_missing_one(as_, emma):
    client = as_(emma)
    pages = [
        client.get(DNS.format(name), follow=True).content.decode()
        for name in ("birch.example", "nowhere.example")
    ]
    for page in pages:
        assert "have the resource in your link" in page
    first, second = (
        "".join(
            line
            for line in page.replace("birch.example", "X")
            .replace("nowhere.example", "X")
            .splitlines()
            if "csrf" not in line.lower() and "nonce" not in line
        )
        for page in pages
    )
    assert first == second


@pytest.mark.parametrize(
    "query", ["", "?portal=nothing", "?portal=statistics&type=x", "?type=domain"]
)
def test_nothing_to_ask_for(as_, frank, query):
    """Cedar does not use the statistics; that Alder does shows nowhere."""
    response = as_(frank).get(f"/ask/{query}")
    assert response.status_code == 404
    said = "None of your companies uses this portal" if query else "This link is incomplete"
    assert said in response.content.decode()


def test_a_member_of_several_companies_chooses_one(as_, bob_of_two):
    client = as_(bob_of_two)
    html = client.get("/ask/?portal=domains").content.decode()
    assert "Ask at Alder Dental" in html
    assert "Ask at Birch Logistics" in html
    to_birch = client.get(DNS.format("birch.example"))
    assert to_birch["Location"].startswith("/c/birch/requests/new/")
    assert "Ask at" in client.get(DNS.format("cedar.example")).content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "https://domains.harbour.example.evil.example/",
        "https://domains.harbour.example@evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "/provider/",
        "http://domains.harbour.example/",
    ],
)
def test_no_open_redirect(as_, emma, address):
    for path in (DNS.format("alder.example"), "/ask/?portal=domains"):
        page = as_(emma).get(f"{path}&return={quote(address)}", follow=True)
        assert f'href="{address}"' not in page.content.decode()
        assert "evil" not in page.redirect_chain[-1][0].split("?")[0]


def test_access_already_held_is_named(as_, bob):
    url = "/ask/?portal=domains&type=domain&resource=alder.example&privilege=view"
    assert "You already have this permission" in as_(bob).get(url, follow=True).content.decode()


def test_only_the_named_resource_can_be_requested(bob, alder, resource, privilege_of):
    """The URL names one resource; a forged form cannot request another."""
    named = resource("domain", "alderdental.example")
    other = resource("mailbox", "billing@alder.example")
    with pytest.raises(RequestRefused, match="doesn't exist for this resource"):
        request_access(
            actor=bob,
            customer=alder,
            privileges=[(other, privilege_of("webmail.mailbox.use"))],
            linked_resource=named,
        )
    foreign = resource("domain", "birch.example")
    with pytest.raises(RequestRefused, match="doesn't exist for this resource"):
        privileges = [(foreign, privilege_of("domains.domain.view"))]
        request_access(actor=bob, customer=alder, privileges=privileges, linked_resource=foreign)


def test_a_form_cannot_add_another_resource(as_, bob, resource, privilege_of):
    value = (
        f"{resource('domain', 'alderdental.example').pk}:{privilege_of('domains.domain.view').pk}"
    )
    page = as_(bob).post("/c/alder/requests/new/?kind=access", {"privileges": value, "text": "x"})
    assert "Choose from the permissions on this page." in page.content.decode()
    assert not AccessRequest.objects.filter(membership__user=bob).exists()


def test_the_refused_page_names_super_users_and_links_to_a_request(as_, bob):
    response = as_(bob).get("/c/alder/people/")
    html = response.content.decode()
    assert response.status_code == 403
    assert "alice@alder.example" in html
    assert 'href="/c/alder/requests/new/"' in html


def test_a_person_asks_for_more_from_their_own_page(as_, bob, alice):
    html = as_(bob).get(f"/c/alder/people/{bob.sub}/").content.decode()
    assert "?portal=domains&amp;type=domain&amp;resource=alder.example" in html
    assert "Ask for more" not in as_(alice).get(f"/c/alder/people/{bob.sub}/").content.decode()


# --- The sentence of a request ---


@pytest.mark.parametrize(
    ("asked", "english", "french"),
    [
        (
            [("domain.renew", "alder.example")],
            "renew alder.example",
            "renouveler le domaine alder.example",
        ),
        (
            [("domain.renew", "alder.example"), ("domain.manage_dns", "alder.example")],
            "renew alder.example and change DNS of alder.example",
            "renouveler le domaine alder.example et modifier le DNS du domaine alder.example",
        ),
        (
            [(f"domain.{code}", "alder.example") for code in ("renew", "manage_dns", "transfer")],
            "renew alder.example, and get 2 more permissions",
            "renouveler le domaine alder.example, et obtenir 2 autres autorisations",
        ),
        (
            [("subscription.open", "alder")],
            "open the Usage statistics portal",
            "ouvrir le portail Statistiques d’utilisation",
        ),
    ],
)
def test_a_request_says_what_it_asks_in_each_language(alder, bob, asked, english, french):
    portal = "statistics" if "Usage statistics" in english else "domains"
    privileges = [
        (
            Resource.objects.get(
                subscription__customer=alder,
                resource_type__portal__slug=portal,
                external_id=external_id,
            ),
            Privilege.objects.get(portal__slug=portal, codename=codename),
        )
        for codename, external_id in asked
    ]
    access_request = request_access(
        actor=bob, customer=alder, privileges=privileges, linked_resource=privileges[0][0]
    )

    assert access_request.sentence == f"Bob Tremblay asks to {english}"
    assert access_request.own_sentence == f"You asked to {english}"
    with translation.override("fr"):
        assert access_request.sentence == f"Bob Tremblay demande à {french}"
        assert access_request.own_sentence == f"Vous avez demandé à {french}"


def test_a_privilege_without_a_phrase_is_named_by_its_label(alder):
    privilege = Privilege.objects.get(portal__slug="domains", codename="domain.renew")
    privilege.phrase_en = privilege.phrase_fr = ""

    assert privilege.phrase("alder.example") == "use “Renew domain” on alder.example"


def test_a_request_in_words_is_quoted_on_one_line(alder, bob):
    text = "Please give me\nthe new mailbox, " + "x" * 100
    access_request = request_access(actor=bob, customer=alder, text=text)

    assert access_request.sentence.startswith("Bob Tremblay asks: “Please give me the new mailbox")
    assert access_request.sentence.endswith("x…”")
    assert len(access_request.phrase) == 82
