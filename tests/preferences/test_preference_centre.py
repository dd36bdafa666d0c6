"""`/preferences/`: topics as switches, mandatory mail with its reason (R30, R34, R40)."""

import re

import pytest

from preferences.choices import NoticeCode
from preferences.models import Choice, ConsentRecord
from preferences.selectors import may_send, preference_centre
from preferences.services.choices import choose_topic

HTMX = {"headers": {"HX-Request": "true"}}


def switches(text):
    """slug → on, as the page shows it."""
    found = re.findall(r'<input type="checkbox"[^>]*id="wants-([^"]+)"([^>]*)>', text)
    return {slug: "checked" in rest for slug, rest in found}


def test_topics_first_then_mandatory_mail_without_a_switch_R40(bob, as_):
    text = as_(bob).get("/preferences/").text

    assert switches(text) == {
        "newsletter": True,
        "product-updates": True,
        "promotions": False,
        "reseller-alerts": False,
        "domain-market": False,
    }
    assert text.index('id="optional"') < text.index('id="mandatory"')
    mandatory = text[text.index('id="mandatory"') :]
    for notice in preference_centre(bob).notices:
        assert str(notice) in mandatory
        assert str(notice.reason) in mandatory.replace("&#x27;", "'")
        assert str(notice.legal_basis) in mandatory.replace("&#x27;", "'")
    assert "checkbox" not in mandatory
    assert "disabled" not in mandatory


def test_topic_of_a_portal_is_for_its_people(dana, as_):
    assert "domain-market" not in switches(as_(dana).get("/preferences/").text)


def test_a_form_post_saves_and_offers_undo_R34(bob, as_, newsletter):
    client = as_(bob)
    page = client.post("/preferences/choose/", {"topic": "newsletter"}, follow=True)

    assert page.redirect_chain == [("/preferences/?done=no&topic=newsletter", 302)]
    assert switches(page.text)["newsletter"] is False
    assert not may_send(bob, newsletter)
    assert "Off: Newsletter." in page.text
    assert "Undo" in page.text

    client.post("/preferences/choose/", {"topic": "newsletter", "wants": "yes"})
    assert may_send(bob, newsletter)


def test_htmx_gets_the_fragment_with_the_new_state(bob, as_, newsletter):
    response = as_(bob).post("/preferences/choose/", {"topic": "newsletter"}, **HTMX)

    assert response.status_code == 200
    assert "<html" not in response.text
    assert switches(response.text)["newsletter"] is False
    assert 'hx-swap-oob="innerHTML:#saved"' in response.text
    assert "Off: Newsletter." in response.text


@pytest.mark.parametrize("extra", [{}, HTMX])
def test_stop_all_says_what_stays_and_can_be_undone_R15_R40(bob, as_, extra):
    client = as_(bob)
    assert "Legal notices" in client.get("/preferences/").text
    page = client.post("/preferences/stop/", follow=True, **extra)

    assert not any(switches(page.text).values())
    assert "Stop all optional mail" not in page.text.split('id="history"')[0]
    undo = re.findall(r'<form[^>]*class="inline"(.*?)</form>', page.text, re.S)[0]
    slugs = re.findall(r'name="topic" value="([^"]+)"', undo)
    assert set(slugs) == {"newsletter", "product-updates"}
    client.post("/preferences/choose/", {"topic": slugs, "wants": "yes"})
    assert {c.topic.slug for c in Choice.objects.filter(wants=True)} == set(slugs)


def test_own_history_and_nobody_elses(bob, alice, as_, newsletter, promotions):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    choose_topic(actor=alice, topic=promotions, wants=True)
    history = as_(bob).get("/preferences/").text.split('id="history"')[1]
    assert "Newsletter" in history
    assert "Promotions" not in history


def test_opening_the_page_changes_nothing(bob, as_):
    client = as_(bob)
    client.get("/preferences/?done=no&topic=newsletter")
    assert client.get("/preferences/?done=no&topic=a%00b&done=%00").status_code == 200
    assert client.get("/preferences/choose/").status_code == 405
    assert client.get("/preferences/stop/").status_code == 405
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize(
    "slug", ["nothing", "", "newsletter\x00", "newsletter\r\n", "'--", "é" * 500]
)
def test_unknown_topics_are_not_found(bob, as_, slug):
    assert as_(bob).post("/preferences/choose/", {"topic": slug}).status_code == 404
    assert not ConsentRecord.objects.exists()


def test_topic_of_somebody_elses_portal_is_not_found(dana, as_):
    response = as_(dana).post("/preferences/choose/", {"topic": "domain-market", "wants": "yes"})
    assert response.status_code == 404


def test_one_bad_topic_of_several_changes_nothing(bob, as_):
    data = {"topic": ["newsletter", NoticeCode.LEGAL.value]}
    assert as_(bob).post("/preferences/choose/", data).status_code == 409
    assert not ConsentRecord.objects.exists()


def test_query_budget(bob, as_, django_assert_max_num_queries):
    client = as_(bob)
    client.get("/preferences/")
    with django_assert_max_num_queries(12):
        client.get("/preferences/")


def test_signed_out_people_sign_in_first(as_, db):
    for path in ("/preferences/", "/preferences/choose/", "/preferences/stop/"):
        response = as_(None).post(path)
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")
