"""A campaign from its topic to its delivery, with and without JavaScript."""

import re
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect


def compose(olive: Page, category: str, subject: str) -> None:
    olive.goto("/provider/messages/new/")
    olive.get_by_label("Topic or notice").select_option(label=category)
    olive.get_by_label("Subject in English").fill(subject)
    olive.get_by_label("Subject in French").fill(f"{subject} (fr)")
    olive.get_by_label("Text in English").fill("All services are **well**.")
    olive.get_by_label("Text in French").fill("Tous les services vont bien.")
    olive.get_by_role("button", name="Save the draft and check it").click()
    expect(olive.get_by_role("heading", level=1)).to_have_text(subject)


def send(olive: Page, starts_at: str = "") -> int:
    said = olive.get_by_role("heading", name=re.compile(r"\d+ (people|person) gets? it"))
    readers = int(re.findall(r"\d+", said.inner_text())[0])
    olive.get_by_label("How many people get it?").fill(str(readers))
    if starts_at:
        olive.get_by_label("When").fill(starts_at)
    olive.get_by_role("button", name="Send the message", exact=True).click()
    return readers


def choose_rhythm(reader: Page, rhythm: str) -> None:
    reader.goto("/preferences/")
    reader.get_by_label(rhythm).check()
    if (save := reader.get_by_role("button", name="Save the frequency")).is_visible():
        save.click()
    expect(reader.get_by_text(f"You now get optional email {rhythm.lower()}.")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_topic_and_a_message_composed_previewed_sent_paused_cancelled(
    open_browser, read_mail, javascript
):
    word = "Status" if javascript else "Plain status"
    olive = open_browser("Olive", javascript=javascript, viewport={"width": 1280, "height": 900})

    olive.goto("/provider/topics/")
    olive.get_by_role("link", name="New topic").click()
    olive.get_by_label("Short name").fill(word.lower().replace(" ", "-"))
    for field, text in {
        "Name": word,
        "Description": "How services do.",
        "How often,": "Once a week.",
    }.items():
        for language in ("English", "French"):
            olive.get_by_label(f"{field} in {language}".replace(",,", ",")).fill(text)
    olive.get_by_label("Also people with implied consent").check()
    olive.get_by_label("On by default").check()
    olive.get_by_role("button", name="Create the topic").click()
    expect(olive.get_by_text(f"“{word}” is created.")).to_be_visible()

    compose(olive, word, f"{word} of this week")
    expect(olive.get_by_text("All services are **well**.").first).to_be_visible()
    for look in ("computer, light", "phone, light", "computer, dark", "phone, dark"):
        frame = olive.frame_locator(f'iframe[title="Reads English: {look}"]')
        expect(frame.get_by_text("All services are well.")).to_be_visible()
        ground = "rgb(16, 23, 26)" if "dark" in look else "rgb(242, 245, 246)"
        expect(frame.locator("body")).to_have_css("background-color", ground)
    olive.get_by_text("Reads French").click()
    expect(olive.get_by_text("Tous les services vont bien.").first).to_be_visible()
    readers = send(olive)
    expect(olive.get_by_text("The message is being sent.")).to_be_visible()

    read_mail(olive, "bob@alder.example", f"{word} of this week")
    expect(olive.get_by_text("All services are **well**.").first).to_be_visible()
    html = olive.frame_locator("iframe")
    expect(html.get_by_text("All services are well.")).to_be_visible()
    expect(html.locator("strong")).to_have_text("well")

    olive.goto("/provider/messages/")
    olive.get_by_role("link", name=f"{word} of this week", exact=True).click()
    if not javascript:
        olive.wait_for_timeout(6000)
        olive.get_by_role("link", name="Refresh").click()
    expect(olive.get_by_text(f"{readers} of {readers} emails processed")).to_be_visible(
        timeout=15_000
    )
    olive.get_by_role("link", name="Everyone", exact=True).click()
    expect(olive.get_by_role("row").filter(has_text="bob@alder.example")).to_contain_text("Gets it")

    # Her mail waits for the morning: something is left to cancel, however quick the worker is.
    emma = open_browser("Emma", javascript=javascript, viewport={"width": 1280, "height": 900})
    choose_rhythm(emma, "Once a day")
    compose(olive, word, f"{word} of next week")
    next_week = datetime.now() + timedelta(days=7)
    send(olive, next_week.strftime("%Y-%m-%dT08:00"))
    expect(olive.get_by_text("The message is scheduled.")).to_be_visible()
    olive.get_by_role("button", name="Back to draft").click()
    olive.get_by_role("link", name="Check and send").click()
    send(olive)
    olive.get_by_role("button", name="Pause").click()
    expect(olive.get_by_text("The message is paused.")).to_be_visible()
    olive.get_by_role("button", name="Cancel the message").click()
    expect(olive.get_by_text("The message is cancelled.")).to_be_visible()
    choose_rhythm(emma, "At once")


PLACES = """texts => texts.map(text => {
    const {left, right, height} = text.getBoundingClientRect();
    return {left, right, height};
})"""


def test_a_topics_monthly_chart_is_readable(open_browser):
    bob = open_browser("Bob")
    bob.goto("/preferences/")
    bob.get_by_label("Newsletter").uncheck()
    expect(bob.get_by_text("Unsubscribed from: Newsletter.")).to_be_visible()
    for width in (375, 1280):
        for language in ("English", "Français"):
            olive = open_browser("Olive", viewport={"width": width, "height": 900})
            olive.goto("/provider/topics/newsletter/")
            olive.get_by_role("button", name=language).click()
            months = olive.locator(".chart-frame .axis.x text").evaluate_all(PLACES)
            assert len(months) == 12
            for month, following in pairwise(months):
                assert month["right"] + 4 <= following["left"]
            assert all(month["height"] >= 8 for month in months)
            assert olive.locator(".chart-frame .text-overlay .value").first.text_content() == "1"
            frame = olive.locator(".chart-frame").bounding_box()
            assert frame and frame["x"] >= 0 and frame["x"] + frame["width"] <= width


def test_a_message_is_readable_on_a_phone(open_browser):
    olive = open_browser("Olive", viewport={"width": 375, "height": 900})
    compose(olive, "Legal notices", "Terms of tomorrow")
    olive.goto("/provider/messages/")
    row = olive.get_by_role("row").filter(has_text="Terms of tomorrow")
    about = row.get_by_text("Legal notices", exact=False).first.bounding_box()
    by = row.get_by_text("Olive Bergeron").bounding_box()
    state = row.get_by_text("Draft").bounding_box()
    assert about and by and state
    assert about["x"] > 100
    assert about["y"] < state["y"] < by["y"]
