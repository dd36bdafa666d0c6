"""A person's page: access shown, granted, revoked and refused."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from portals.models import PersonGrant, Resource

DNS = "domains.domain.manage_dns"
VIEW = "domains.domain.view"


@pytest.fixture
def page(alder, emma):
    return reverse("portals:person", args=[alder.slug, emma.sub])


@pytest.fixture
def cell(alder, emma, membership):
    """Return a function that names the field of Emma's level on a resource."""
    return lambda resource: f"p{membership(emma).pk}/{resource.pk}/{resource.resource_type_id}"


@pytest.fixture
def changes(emma, membership):
    """The addresses of Emma's pending changes: changes("changes"), changes("changes-review")."""
    return lambda name: reverse(f"portals:{name}", args=["alder", f"p{membership(emma).pk}"])


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


def test_a_super_user_sees_all_access_with_its_origin(
    as_, alice, emma, membership, page, give, resource
):
    give(alice, membership(emma), "webmail.mailbox.view", resource("mail_domain", "alder.example"))
    html = as_(alice).get(page).content.decode()

    assert "emma@alder.example" in html
    assert "through alder.example" in html
    assert "given directly" in html


def tokens(review):
    """What the review form sends."""
    return re.findall(r'type="hidden" name="change" value="([^"]+)"', review.content.decode())


def test_a_level_is_chosen_reviewed_given_then_revoked(
    as_, alice, emma, changes, domain, privilege_of, cell
):
    client = as_(alice)
    level = f"{cell(domain)}={privilege_of('domains.domain.manage').pk}"
    answer = client.post(changes("changes"), {"level": level, "review": "1"})
    assert answer["Location"] == changes("changes-review")
    assert not emma.has_perm("portals.domains.domain.renew", domain)

    review = client.get(changes("changes-review"))
    assert "Emma Roy</strong> gets “Manage everything but a transfer”" in review.content.decode()
    answer = client.post(changes("changes-review"), {"change": tokens(review), "reason": "Website"})
    assert answer.status_code == 302
    assert emma.has_perm("portals.domains.domain.renew", domain)
    assert "Nothing to change" in client.get(changes("changes-review")).content.decode()

    grant = PersonGrant.objects.get(user=emma, content_object=domain)
    assert grant.reason == "Website"
    response = client.post(
        reverse("portals:grant-revoke", args=["alder", emma.sub, grant.pk]), follow=True
    )
    assert response.status_code == 200
    assert not emma.has_perm("portals.domains.domain.renew", domain)


def test_a_lower_level_grants_one_privilege_and_revokes_another(
    as_, alice, emma, membership, changes, domain, privilege_of, cell, give
):
    give(alice, membership(emma), "domains.domain.manage", domain)
    client = as_(alice)
    client.post(changes("changes"), {"level": f"{cell(domain)}={privilege_of(VIEW).pk}"})
    review = client.get(changes("changes-review"))
    assert sorted(token.split(".")[0] for token in tokens(review)) == ["give", "take"]

    answer = client.post(changes("changes-review"), {"change": tokens(review)}, follow=True)

    assert emma.has_perm(f"portals.{VIEW}", domain)
    assert not emma.has_perm(f"portals.{DNS}", domain)
    undo = re.search(r'action="(/c/alder/undo/[^"]+)"', answer.content.decode()).group(1)
    assert "what was removed is back" in client.post(undo, follow=True).content.decode()
    assert emma.has_perm(f"portals.{DNS}", domain)


def test_choosing_the_current_level_leaves_nothing_pending(
    as_, alice, changes, domain, privilege_of, cell
):
    client = as_(alice)
    client.post(changes("changes"), {"level": f"{cell(domain)}={privilege_of(VIEW).pk}"})
    client.post(changes("changes"), {"level": f"{cell(domain)}=given"})
    assert tokens(client.get(changes("changes-review"))) == []

    client.post(changes("changes"), {"level": f"{cell(domain)}={privilege_of(VIEW).pk}"})
    client.post(changes("changes-discard"))
    assert tokens(client.get(changes("changes-review"))) == []


def test_custom_permissions_on_one_resource(
    as_, alice, emma, page, changes, domain, privilege_of, cell
):
    client = as_(alice)
    html = client.get(page, {"single": domain.pk}).content.decode()
    assert html.count('name="single"') == 7
    ticked = [f"{cell(domain)}={privilege_of(name).pk}" for name in (DNS, "domains.domain.renew")]

    client.post(changes("changes"), {"cell": cell(domain), "single": ticked})
    client.post(
        changes("changes-review"), {"change": tokens(client.get(changes("changes-review")))}
    )

    assert emma.has_perm(f"portals.{DNS}", domain)
    assert emma.has_perm("portals.domains.domain.renew", domain)
    assert not emma.has_perm("portals.domains.domain.manage_contacts", domain)
    assert "Custom – 2 single rights" in client.get(page).content.decode()


def test_permissions_on_all_children_of_a_resource(
    as_, alice, emma, page, changes, resource, privilege_of, membership
):
    mail_domain, mailbox = (
        resource("mail_domain", "alder.example"),
        resource("mailbox", "bob@alder.example"),
    )
    below = f"p{membership(emma).pk}/{mail_domain.pk}/{mailbox.resource_type_id}"
    client = as_(alice)
    html = client.get(page, {"single": mail_domain.pk}).content.decode()
    assert "On every Mailbox in it, future ones too" in html

    view = privilege_of("webmail.mailbox.view")
    client.post(changes("changes"), {"cell": below, "single": f"{below}={view.pk}"})
    client.post(
        changes("changes-review"), {"change": tokens(client.get(changes("changes-review")))}
    )

    assert emma.has_perm("portals.webmail.mailbox.view", mailbox)


def test_new_dates_replace_the_grant(
    as_, alice, emma, membership, changes, domain, privilege_of, cell, give
):
    old = give(alice, membership(emma), DNS, domain)
    client = as_(alice)
    client.post(changes("changes"), {"again": f"{cell(domain)}={privilege_of(DNS).pk}"})
    review = client.get(changes("changes-review"))
    assert "with the dates and reason below" in review.content.decode()

    client.post(
        changes("changes-review"),
        {"change": tokens(review), "expires_at": "2099-01-01T00:00", "reason": "One more year"},
    )

    grant = PersonGrant.objects.get(user=emma, content_object=domain)
    assert grant.pk != old.pk
    assert grant.expires_at.year in (2098, 2099)


def test_a_review_made_stale_is_refused_and_the_same_form_twice_does_nothing(
    as_, alice, emma, changes, domain, privilege_of, cell
):
    client = as_(alice)
    client.post(changes("changes"), {"level": f"{cell(domain)}={privilege_of(VIEW).pk}"})
    form = {"change": tokens(client.get(changes("changes-review")))}
    assert client.post(changes("changes-review"), form).status_code == 302
    before = AuditEvent.objects.count()

    again = client.post(changes("changes-review"), form)

    assert "Something changed since you reviewed this" in again.content.decode()
    assert AuditEvent.objects.count() == before
    assert PersonGrant.objects.filter(user=emma, content_object=domain).count() == 1


def test_htmx_gets_only_the_bar_and_the_marks(as_, alice, changes, domain, privilege_of, cell):
    response = as_(alice).post(
        changes("changes"),
        {"level": f"{cell(domain)}={privilege_of(VIEW).pk}"},
        headers={"HX-Request": "true"},
    )
    html = response.content.decode()

    assert "<html" not in html
    assert 'id="pending"' in html
    assert "1 change not made yet" in html
    assert f'id="mark-{cell(domain).replace("/", "-")}" hx-swap-oob="true"' in html
    assert "HX-Request" in response["Vary"]


def sign_in_afresh(client, person):
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp()}
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def test_a_sensitive_privilege_needs_a_reason_and_a_fresh_sign_in(
    as_, alice, emma, changes, resource, privilege_of, cell
):
    """F4: a stale session is asked to prove itself first; nothing is given."""
    mailbox, read = resource("mailbox", "billing@alder.example"), "webmail.mailbox.read"
    client = as_(alice)
    client.post(changes("changes"), {"level": f"{cell(mailbox)}={privilege_of(read).pk}"})
    form = {"change": tokens(client.get(changes("changes-review")))}

    refused = client.post(changes("changes-review"), form).content.decode()
    assert "Please say why it is needed" in refused
    response = client.post(changes("changes-review"), {**form, "reason": "holiday cover"})
    assert reverse("account_reauthenticate") in response["Location"]
    assert not emma.has_perm(f"portals.{read}", mailbox)

    sign_in_afresh(client, alice)
    response = client.post(changes("changes-review"), {**form, "reason": "holiday cover"})
    assert response.status_code == 302
    assert emma.has_perm(f"portals.{read}", mailbox)


def test_people_see_their_own_page_and_cannot_act_there(
    as_, emma, page, changes, domain, privilege_of, cell
):
    client = as_(emma)
    html = client.get(page).content.decode()
    assert "emma@alder.example" in html
    assert "<select" not in html.split('id="main"')[1]
    assert "Revoke" not in html

    level = {"level": f"{cell(domain)}={privilege_of(DNS).pk}"}
    assert client.post(changes("changes"), level).status_code == 403
    token = f"give.{cell(domain).split('/')[0]}.{domain.pk}.{privilege_of(DNS).pk}..."
    assert client.post(changes("changes-review"), {"change": token}).status_code == 403
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_colleagues_are_refused_and_others_find_nothing(as_, bob, charlie, dana, page, changes):
    for path in (page, changes("changes-review")):
        assert as_(bob).get(path).status_code == 403
        assert as_(charlie).get(path).status_code == 404
        assert as_(dana).get(path).status_code == 404
        assert as_(None).get(path).status_code == 302


def test_ids_of_another_company_are_ignored(
    as_, alice, emma, charlie, membership, changes, resource, privilege_of, give
):
    """A4, B1: another customer's resource, person, team or grant, named in one's own review."""
    foreign, own = resource("domain", "birch.example"), resource("domain", "alder.example")
    emmas, charlies = (f"p{membership(person).pk}" for person in (emma, charlie))
    theirs = give(charlie, membership(charlie), DNS, foreign)
    client, before = as_(alice), PersonGrant.objects.count()
    for token in (
        f"give.{emmas}.{foreign.pk}.{privilege_of(DNS).pk}...",
        f"give.{charlies}.{own.pk}.{privilege_of(DNS).pk}...",
        f"take.p.{theirs.pk}",
        f"join.{charlies}.1",
        "give.p1",
        "nonsense",
    ):
        answer = client.post(changes("changes-review"), {"change": token})
        assert answer.status_code == 200
        assert "nothing was done" in answer.content.decode()
    level = f"{charlies}/{own.pk}/{own.resource_type_id}={privilege_of(DNS).pk}"
    client.post(changes("changes"), {"level": level})
    assert tokens(client.get(changes("changes-review"))) == []
    others = reverse("portals:changes-review", args=["alder", charlies])
    assert client.get(others).status_code == 404
    assert PersonGrant.objects.count() == before


def test_a_grant_of_somebody_else_cannot_be_revoked_by_its_id(
    as_, alice, charlie, bob, membership, give, resource, birch
):
    """Rule 35: child ids are owner-checked too."""
    grant = give(alice, membership(bob), DNS, resource("domain", "alder.example"))
    path = reverse("portals:grant-revoke", args=["birch", charlie.sub, grant.pk])

    assert as_(charlie).post(path).status_code == 404
    assert PersonGrant.objects.filter(pk=grant.pk).exists()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"change": "x"},
        {"change": "own", "odd": "1"},
        {"change": "own", "expires_at": "yesterday"},
        {"change": "own", "expires_at": "2020-01-01T00:00"},
        {"change": "own", "reason": "x" * 501},
        {"change": "own", "reason": "null\x00byte"},
        {"change": "own", "reason": "turned \u202e around"},
        {"change": ["own"] * 2},
        {"change": ["own"] * 501},
    ],
)
def test_bad_input_changes_nothing(as_, alice, emma, changes, domain, privilege_of, cell, values):
    before = PersonGrant.objects.count()
    own = f"give.{cell(domain).split('/')[0]}.{domain.pk}.{privilege_of(DNS).pk}..."
    filled = {
        name: [own if part == "own" else part for part in value]
        if isinstance(value, list)
        else own
        if value == "own"
        else value
        for name, value in values.items()
    }
    response = as_(alice).post(changes("changes-review"), filled)

    assert response.status_code == 200
    assert PersonGrant.objects.count() == before
    assert not emma.has_perm(f"portals.{DNS}", domain)


def test_search_type_and_differences_narrow_the_page(
    as_, alice, emma, page, give, membership, domain
):
    client = as_(alice)

    def names(**query):
        sections = client.get(page, query).context["sections"]
        return {
            str(row.resource)
            for section in sections
            for group in section.groups
            for row in group.rows
        }

    assert names(q="INFO@") == {"info@alder.example"}
    assert names(q="nothing like it") == set()
    assert names(type="webmail.mailbox") == {
        f"{name}@alder.example" for name in ("alice", "billing", "bob", "emma", "info")
    }
    assert "info@alder.example" in names(show="held")  # through the team
    assert "info@alder.example" not in names(show="differences")
    assert "emma@alder.example" in names(show="differences")
    assert "alder.example" not in names(show="held")
    give(alice, membership(emma), VIEW, domain)
    assert "alder.example" in names(show="differences")


def test_ten_of_a_type_then_page_by_page(as_, alice, page, many_mailboxes):
    client = as_(alice)
    sections = client.get(page).context["sections"]
    [group] = [g for section in sections for g in section.groups if g.key == "webmail.mailbox"]
    assert len(group.rows) == 10
    assert group.more
    # What she holds comes first, by name; then the others.
    assert [str(row.resource) for row in group.rows[:2]] == [
        "emma@alder.example",
        "info@alder.example",
    ]

    seen, after = [], ""
    while not seen or after:
        answer = client.get(page, {"type": "webmail.mailbox", "after": after})
        seen += [row.resource.pk for row in answer.context["sections"][0].groups[0].rows]
        after = answer.context["page"].next_cursor
    assert len(seen) == len(set(seen)) == 1005


def test_a_page_says_when_it_shows_only_some_grants(
    as_, alice, emma, page, membership, give, resource, monkeypatch
):
    for name in ("alice", "billing", "bob"):
        mailbox = resource("mailbox", f"{name}@alder.example")
        give(alice, membership(emma), "webmail.mailbox.view", mailbox)
    monkeypatch.setattr("portals.selectors.permission_matrix.sections.MAX_WITH_GRANTS", 4)
    answer = as_(alice).get(page, {"show": "differences"})
    groups = [group for section in answer.context["sections"] for group in section.groups]
    shown = sum(len(group.rows) for group in groups)
    assert shown == 4
    assert [group.key for group in groups if group.more][-1] == "webmail.mailbox"
    assert "Show every Mailbox" in answer.content.decode()


@pytest.fixture
def many_mailboxes(resource):
    """A thousand more mailboxes at Alder."""
    one = resource("mailbox", "info@alder.example")
    return Resource.objects.bulk_create(
        Resource(
            subscription=one.subscription,
            resource_type=one.resource_type,
            external_id=f"m{number:04}@alder.example",
            name=f"m{number:04}@alder.example",
            parent=one.parent,
        )
        for number in range(1000)
    )


def test_the_page_has_a_constant_number_of_queries(
    as_, alice, membership, emma, page, give, resource, privilege_of, request, changes, cell, domain
):
    client = as_(alice)
    client.post(changes("changes"), {"level": f"{cell(domain)}={privilege_of(VIEW).pk}"})
    few = queries(client, page)
    few_found, few_of_type = (
        queries(client, page, q="m"),
        queries(client, page, type="webmail.mailbox"),
    )
    few_reviewed = queries(client, changes("changes-review"))

    request.getfixturevalue("many_mailboxes")
    give(alice, membership(emma), "webmail.mailbox.view", resource("mail_domain", "alder.example"))

    assert queries(client, page) <= min(few, 45)
    assert queries(client, page, q="m") <= few_found + 8  # nothing was found before
    assert queries(client, page, type="webmail.mailbox") <= few_of_type
    assert queries(client, changes("changes-review")) <= few_reviewed


def queries(client, path, **query):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, query).status_code == 200
    return len(captured)
