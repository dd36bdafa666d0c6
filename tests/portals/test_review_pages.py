"""The pages of access reviews: one screen, saved part by part."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services.memberships import change_role
from portals.models import AccessReview, PersonGrant, ReviewItem
from portals.selectors.reviews import MAX_LINES
from portals.services.grants import revoke_privilege
from portals.services.reviews import ItemDecision, save_decisions

pytestmark = pytest.mark.usefixtures("nothing_owned")


@pytest.fixture
def review(alder) -> AccessReview:
    return alder.access_reviews.get()


@pytest.fixture
def screen(as_, alice, alder, review):
    """Alice's browser: open the review, send a part of it."""
    client = as_(alice)

    class Page:
        url = reverse("portals:review", args=["alder", review.uuid])
        save_url = reverse("portals:review-save", args=["alder", review.uuid])

        def open(self, **query):
            return client.get(self.url, query).content.decode()

        def save(self, lines, **data):
            chosen = {f"decision-{line.pk}": "keep" for line in lines}
            return self.post({"line": [line.pk for line in lines], **chosen, **data})

        def post(self, data):
            return client.post(self.save_url, data)

        def follow(self, response):
            return client.get(response["Location"]).content.decode()

    return Page()


def lines_of(review, name):
    return list(review.items.filter(grantee_name=name, decision=None).order_by("pk"))


def parts_of(review):
    """The first line of each person's part, in the order of the page."""
    first: dict[str, int] = {}
    for section, pk in review.items.order_by("section", "pk").values_list("section", "pk"):
        first.setdefault(section, pk)
    return list(first.values())


def verdicts(lines):
    return list(
        ReviewItem.objects.filter(pk__in=[line.pk for line in lines])
        .order_by("pk")
        .values_list("decision", flat=True)
    )


def test_the_list_links_to_the_open_review(as_, alice, review):
    html = as_(alice).get(reverse("portals:reviews", args=["alder"])).content.decode()
    assert reverse("portals:review", args=["alder", review.uuid]) in html
    assert "Start review now" not in html
    assert f"0 of {review.total} reviewed" in html


def test_everybody_is_listed_and_the_first_part_is_unfolded(screen, review):
    html = screen.open()

    for name in ("Alice Martin", "Bob Tremblay", "Emma Roy", "Reception"):
        assert f"{len(lines_of(review, name))} to review" in html or name == "Alice Martin"
        assert name in html
    own = lines_of(review, "Alice Martin")
    assert [int(pk) for pk in re.findall(r'name="line" value="(\d+)"', html)] == [
        line.pk for line in own
    ]
    assert re.search(r"[1-9] not used for 90 days", html)


def test_each_part_is_unfolded_by_its_link_with_last_use(screen, review):
    pages = [screen.open(part=part) for part in parts_of(review)]

    assert len(pages) == 4
    for part, html in zip(parts_of(review), pages, strict=True):
        lines = re.findall(r'name="line" value="(\d+)"', html)
        assert int(lines[0]) == part and html.count("<form method") >= 1
    everything = "".join(pages)
    for text in ("last used on", "not used since", "last use unknown"):
        assert text in everything
    assert not re.findall(r'<input type="radio"[^>]*value="remove"[^>]* checked>', everything)
    assert everything.count("Not used for 90 days") > 3


def test_a_saved_part_unfolds_the_next(screen, review):
    for part, name in zip(parts_of(review), ("Alice Martin", "Bob Tremblay"), strict=False):
        assert f'name="line" value="{part}"' in screen.open()
        html = screen.follow(screen.save(lines_of(review, name), all="keep"))
        assert f'name="line" value="{part}"' not in html
    assert "Keep all access of Emma Roy" in html


@pytest.mark.parametrize("part", ["0", "x", "9" * 40, "-1"])
def test_an_unknown_part_is_the_first(part, screen):
    assert "Keep all access of Alice Martin" in screen.open(part=part)


def test_the_role_of_somebody_who_never_signed_in_says_so(screen, review):
    html = screen.open()
    assert (
        "last signed in on" in html and "had never signed in when this review started" not in html
    )

    review.items.filter(kind="role").update(last_used_on=None)

    assert "had never signed in when this review started" in screen.open()


def test_opening_pages_changes_nothing(screen, review):
    before = set(PersonGrant.objects.values_list("pk", flat=True))
    screen.open()
    screen.open(show="all")
    assert set(PersonGrant.objects.values_list("pk", flat=True)) == before
    assert not review.items.exclude(decision=None).exists()


def test_a_saved_part_leaves_the_page(screen, review):
    lines = lines_of(review, "Bob Tremblay")
    response = screen.save(lines, **{f"decision-{lines[0].pk}": "remove"})

    assert response.status_code == 302
    assert verdicts(lines) == ["remove"] + ["keep"] * (len(lines) - 1)
    html = screen.open()
    assert f'aria-labelledby="part-{lines[0].pk}"' not in html
    assert f"{len(lines)} of {review.total} reviewed" in html
    assert "Alice Martin, " in screen.open(show="all")


def test_a_saved_part_is_undone_at_once(as_, alice, bob, screen, review, privilege_of):
    lines = lines_of(review, "Bob Tremblay")
    use = next(item for item in lines if item.privilege.codename == "mailbox.use")
    view = next(item for item in lines if item.privilege.codename == "domain.view")
    smaller = {
        f"decision-{use.pk}": "reduce",
        f"smaller-{use.pk}": privilege_of("webmail.mailbox.view").pk,
    }
    response = screen.save(lines, **smaller, **{f"decision-{view.pk}": "remove"})
    assert not bob.has_perm("portals.webmail.mailbox.use", use.resource)

    assert response.status_code == 302
    said = as_(alice).get(reverse("accounts:activity", args=["alder"])).content.decode()
    [undo] = re.findall(r'action="(/c/alder/undo/[^"]+)"', said)
    as_(alice).post(undo)

    assert bob.has_perm("portals.webmail.mailbox.use", use.resource)
    assert bob.has_perm("portals.domains.domain.view", view.resource)
    assert sorted(verdicts([use, view])) == ["reduce", "remove"]  # who reviewed what stays


def test_a_part_without_removals_offers_no_undo(as_, alice, screen, review):
    lines = lines_of(review, "Bob Tremblay")
    html = screen.follow(screen.save(lines))
    assert "kept, 0 reduced" in html
    assert "/undo/" not in html


def test_the_message_of_a_removal_offers_undo(screen, review):
    lines = lines_of(review, "Bob Tremblay")
    html = screen.follow(screen.save(lines, **{f"decision-{lines[0].pk}": "remove"}))
    assert re.search(r'action="/c/alder/undo/\d+/"', html)


def test_keep_everything_ignores_the_marks(screen, review):
    lines = lines_of(review, "Bob Tremblay")
    marked = {f"decision-{line.pk}": "remove" for line in lines}
    screen.save(lines, **marked, all="keep")
    assert verdicts(lines) == ["keep"] * len(lines)


def test_reduce_to_a_smaller_privilege_until_a_day(screen, review, privilege_of, bob):
    lines = lines_of(review, "Bob Tremblay")
    line = next(item for item in lines if item.privilege.codename == "mailbox.use")
    view = privilege_of("webmail.mailbox.view")
    screen.save(
        lines,
        **{
            f"decision-{line.pk}": "reduce",
            f"smaller-{line.pk}": view.pk,
            f"until-{line.pk}": "2090-05-01",
        },
    )
    grant = PersonGrant.objects.get(user=bob, content_object=line.resource)
    assert grant.permission_id == view.pk
    assert timezone.localtime(grant.expires_at).strftime("%Y-%m-%d %H:%M") == "2090-05-02 00:00"


def test_a_sensitive_reduction_leads_to_the_sign_in(screen, review, privilege_of):
    lines = lines_of(review, "Bob Tremblay")
    line = next(item for item in lines if item.privilege.codename == "mailbox.use")
    read = privilege_of("webmail.mailbox.read").pk
    response = screen.save(lines, **{f"decision-{line.pk}": "reduce", f"smaller-{line.pk}": read})
    assert response.status_code == 302
    assert reverse("account_reauthenticate") in response["Location"]
    assert verdicts(lines) == [None] * len(lines)


def test_bad_input_names_the_line_and_changes_nothing(screen, review, privilege_of):
    lines = lines_of(review, "Bob Tremblay")
    bad = [
        {f"decision-{lines[0].pk}": "reduce"},
        {f"decision-{lines[0].pk}": "overtaken"},
        {f"decision-{lines[0].pk}": ""},
        {f"decision-{lines[0].pk}": "reduce", f"until-{lines[0].pk}": "soon"},
        {f"decision-{lines[0].pk}": "reduce", f"until-{lines[0].pk}": "2001-01-01"},
        {f"decision-{lines[0].pk}": "reduce", f"smaller-{lines[0].pk}": "99999999999999999999"},
        {"decision-0": "keep"},
        {"all": "remove"},
    ]
    for data in bad:
        response = screen.save(lines, **data)
        assert response.status_code == 200, data
        assert 'class="errorlist' in response.content.decode(), data
    assert verdicts(lines) == [None] * len(lines)
    assert not AuditEvent.objects.filter(kind="review.part_saved").exists()


@pytest.mark.parametrize("values", [[], ["x"], ["0"], ["9" * 30], ["-1"], ["1"] * 201])
def test_invalid_lines_are_refused(values, as_, alice, review):
    url = reverse("portals:review-save", args=["alder", review.uuid])
    response = as_(alice).post(url, {"line": values})
    assert response.status_code == 302
    assert not review.items.exclude(decision=None).exists()


def test_grants_changed_meanwhile_are_marked_and_closed(screen, alice, bob, review):
    for grant in PersonGrant.objects.filter(user=bob):
        revoke_privilege(actor=alice, grant=grant)
    html = screen.open(part=lines_of(review, "Bob Tremblay")[0].pk)
    assert html.count("Someone changed or ended this access after the review started") == 6
    assert "Confirm review of Bob Tremblay" in html

    lines = lines_of(review, "Bob Tremblay")
    assert screen.post({"line": [line.pk for line in lines]}).status_code == 302
    assert verdicts(lines) == ["overtaken"] * 6


def test_a_stale_page_saves_the_lines_that_are_still_open(screen, alice, bob, review):
    lines = lines_of(review, "Bob Tremblay")
    gone, taken, *_kept = lines
    revoke_privilege(actor=alice, grant=PersonGrant.objects.get(pk=gone.grant_id))
    every = {f"{name}-{line.pk}": "" for line in lines for name in ("smaller", "until")}
    chosen = {f"decision-{gone.pk}": "anything", f"decision-{taken.pk}": "remove"}
    html = screen.follow(screen.save(lines, **every, **chosen))
    assert verdicts(lines) == ["overtaken", "remove"] + ["keep"] * (len(lines) - 2)
    assert not PersonGrant.objects.filter(pk=taken.grant_id).exists()
    assert "Changed by others in the meantime, so not touched: 1." in html


def test_decided_by_a_colleague_meanwhile(screen, alice, emma, membership, review):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    lines = lines_of(review, "Bob Tremblay")
    save_decisions(
        actor=emma, review=review, decisions=[ItemDecision(line.pk, "keep") for line in lines]
    )
    response = screen.save(lines, **{f"decision-{lines[0].pk}": "remove"})
    assert response.status_code == 302
    assert verdicts(lines) == ["keep"] * len(lines)
    assert "Emma Roy has already reviewed this part." in screen.open()
    # Her own privileges are Emma's to review, now that there are two.
    html = screen.open()
    assert "review your own access" in html and "Show access of Alice Martin" in html
    shown = screen.open(part=parts_of(review)[0])
    assert "Keep all access of Alice Martin" not in shown and "Super User" in shown
    assert "Not reviewed" in shown


def test_finishing_and_beginning_again(screen, as_, alice, alder, review):
    for name in ("Alice Martin", "Bob Tremblay", "Emma Roy", "Reception"):
        screen.save(lines_of(review, name), all="keep")
    html = screen.open()
    assert "finished by Alice Martin" in html
    assert f"{review.total} kept" in html
    client = as_(alice)
    response = client.post(reverse("portals:review-begin", args=["alder"]))
    assert response.status_code == 302
    assert alder.access_reviews.open().exists()
    again = client.post(reverse("portals:review-begin", args=["alder"]), follow=True)
    assert "A review is already open. Finish it first." in again.content.decode()


def test_pages_by_key(as_, alice, review):
    like = review.items.filter(kind="person").earliest("pk")
    for number in range(2 * MAX_LINES):
        like.pk, like.grant_id, like.section = None, 10**9 + number, f"{number % 3} of others"
        like.save(force_insert=True)
    url, pages, after = reverse("portals:review", args=["alder", review.uuid]), [], ""
    for _page in range(10):
        page = as_(alice).get(url, {"after": after}).context["page"]
        pages.append([item.pk for item in page])
        after = page.next_cursor
        if not after:
            break
    assert [len(page) for page in pages[:-1]] == [MAX_LINES] * (len(pages) - 1)
    seen = [pk for page in pages for pk in page]
    assert sorted(seen) == sorted(review.items.values_list("pk", flat=True))


def test_the_links_of_a_refused_part_lead_to_the_page(screen, as_, alice, review):
    """Relative ones led to the address of the form, which opens no page."""
    screen.save(lines_of(review, "Emma Roy"))
    first = lines_of(review, "Bob Tremblay")[0]
    for number in range(MAX_LINES):
        first.pk, first.grant_id = None, 10**9 + number
        first.save(force_insert=True)
    html = screen.save(lines_of(review, "Alice Martin"), all="remove").content.decode()

    page = reverse("portals:review", args=["alder", review.uuid])
    links = [link for link in re.findall(r'<a\b[^>]*href="([^"#]*)', html) if "?" in link]
    assert {link.partition("?")[0] for link in links} == {page}
    assert {"show", "after", "part"} <= {re.split("[?=]", link)[1] for link in links}
    for link in links:
        assert as_(alice).get(link.replace("&amp;", "&")).status_code == 200, link


def test_a_review_of_another_company_is_not_found(as_, charlie, review):
    for name in ("portals:review", "portals:review-save"):
        for slug in ("alder", "birch"):
            url = reverse(name, args=[slug, review.uuid])
            client = as_(charlie)
            response = client.get(url) if name == "portals:review" else client.post(url)
            assert response.status_code == 404


def test_query_budget(as_, alice, alder, review, django_assert_max_num_queries):
    """The same number of queries for many lines as for few."""
    client = as_(alice)
    url = reverse("portals:review", args=["alder", review.uuid])
    client.get(url)
    with django_assert_max_num_queries(12):
        client.get(url)
