"""Parallel answers, and a version that takes effect while a form is open, on PostgreSQL (L8)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.memberships import change_role
from accounts.timezones import today_of_provider
from compliance.forms.invitations import Shown
from compliance.models import Acceptance, PolicyReminder, PolicyVersion
from compliance.selectors import policies_of_invited, policies_to_answer, unanswered_of
from compliance.services.announcements import (
    announce_version,
    remind_of_policies,
    withdraw_version,
)
from compliance.services.answers import OutdatedText, answer_version
from compliance.services.policies import begin_version, create_policy, publish_version
from compliance.services.policies import update_version as change_draft
from compliance.services.recorded_answers import record_answer
from preferences.choices import CampaignState
from preferences.models import Campaign
from preferences.services.campaigns import start_due_campaigns
from tests.races.meeting import race_at
from tests.races.test_races import (
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
WORDS = {f"{x}_{y}": "Words" for x in ("title", "summary", "body") for y in ("en", "fr")}
CREATE = "compliance.services.answers.policies_to_answer"


def announce(staff, version):
    announce_version(actor=staff, version=publish_version(actor=staff, draft=version),
                     alone_reason="Alone.")  # fmt: skip
    Campaign.objects.filter(notice_class_id="legal").update(resolved_at=timezone.now())
    return PolicyVersion.objects.select_related("policy").get(pk=version.pk)


def in_force(staff, asked_of="person"):
    """A version that everybody was told about and that holds now."""
    with time_machine.travel(timezone.now() - timedelta(days=41)):
        policy = create_policy(
            actor=staff, slug="use", kind="agreement", asked_of=asked_of, material=True,
            effective_at=timezone.now() + timedelta(days=40), **WORDS,
        )  # fmt: skip
        version = announce(staff, policy.versions.get())
        start_due_campaigns()
    return version


def answering(person, version, verb="accepted", customer=None):
    return lambda: answer_version(
        actor=person, version=version, sha256=version.sha256, verb=verb, language="en",
        customer=customer,
    )  # fmt: skip


def test_two_parallel_answers_make_one_row_L8(olive):  # noqa: F811
    version = in_force(olive)
    customer, main = new_customer(olive)
    bob = join(customer, main, "bob").user

    results = race_at(CREATE, *[answering(bob, version)] * 2)

    assert won(results) == 2
    assert Acceptance.objects.filter(person=bob).count() == 1
    assert AuditEvent.objects.filter(kind="policy.accepted", person=bob).count() == 1


def test_two_super_users_answer_for_their_company_at_once_L8(olive):  # noqa: F811
    version = in_force(olive, "company")
    customer, main = new_customer(olive)
    second = join(customer, main, "second")
    change_role(actor=main.user, membership=second, role="super_user")

    race_at(
        CREATE,
        answering(main.user, version, customer=customer),
        answering(second.user, version, customer=customer),
    )

    assert Acceptance.objects.filter(customer=customer).count() == 1


def test_accepting_and_declining_at_once_ends_accepted_or_declined_first(olive):  # noqa: F811
    version = in_force(olive)
    _customer, main = new_customer(olive)

    race_at(CREATE, answering(main.user, version), answering(main.user, version, "declined"))

    verbs = list(Acceptance.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs in (["accepted"], ["declined", "accepted"])


def test_an_answer_on_paper_and_one_on_the_page_make_one_row_L7_L8(olive):  # noqa: F811
    version = in_force(olive)
    customer, main = new_customer(olive)
    bob = join(customer, main, "bob").user

    def record():
        return record_answer(
            actor=olive, version=version, person=bob, verb="accepted", language="en",
            way="paper", given_on=today_of_provider(), reference="Binder 7",
        )  # fmt: skip

    race(answering(bob, version), record, record)

    assert Acceptance.objects.filter(person=bob).count() == 1
    kinds = AuditEvent.objects.filter(person=bob, kind__startswith="policy.accepted")
    assert kinds.count() == 1


def test_an_invitation_accepted_twice_has_one_answer_L7_L8(olive):  # noqa: F811
    version = in_force(olive)
    customer, main = new_customer(olive)
    address = f"gina@{customer.slug}.example"
    offer = invite_person(actor=main.user, customer=customer, address=address)
    [item] = policies_of_invited(offer, None)

    def accept():
        return accept_invitation(
            actor=None, token=offer.token, name="Gina", password="a long passphrase 1",
            answers={"policies": [Shown(item, "en")]},
        )  # fmt: skip

    assert won(race(accept, accept)) == 1
    row = Acceptance.objects.get(version=version)
    assert (row.person.email, row.invitation) == (address, offer)


def test_a_version_takes_effect_while_the_form_is_open_L8(olive):  # noqa: F811
    """The answer is to the text that was shown; the newer text is asked for all the same."""
    version = in_force(olive)
    _customer, main = new_customer(olive)
    with time_machine.travel(timezone.now() - timedelta(minutes=1)):
        draft = begin_version(actor=olive, policy=version.policy)
        later = {"material": True, "effective_at": timezone.now() + timedelta(days=40), **WORDS}
        newer = announce(olive, change_draft(actor=olive, draft=draft, **later, version=None))
    with time_machine.travel(timezone.now() + timedelta(days=41)):
        results = race(answering(main.user, version), start_due_campaigns)

        answer = results[0]
        if isinstance(answer, Acceptance):
            assert (answer.version, answer.sha256) == (version, version.sha256)
        else:
            assert isinstance(answer, OutdatedText)
        assert Campaign.objects.filter(state=CampaignState.DONE).count() == 2
        [item] = policies_to_answer(main.user)
        assert (item.version, item.binds) == (newer, True)
        assert [row.number for row in unanswered_of(main.user)] == [2]


def test_an_announcement_and_a_withdrawal_meet(olive):  # noqa: F811
    policy = create_policy(
        actor=olive, slug="use", kind="agreement", asked_of="person", material=True,
        effective_at=timezone.now() + timedelta(days=40), **WORDS,
    )  # fmt: skip
    version = publish_version(actor=olive, draft=policy.versions.get())

    race(
        lambda: announce_version(actor=olive, version=version, alone_reason="Alone."),
        lambda: withdraw_version(actor=olive, version=version, reason_en="No.", reason_fr="Non."),
    )

    assert PolicyVersion.objects.get(pk=version.pk).withdrawn_at
    announced = Campaign.objects.filter(subject_en__contains=" changes on ")
    assert not announced.exclude(state=CampaignState.CANCELLED).exists()


def test_two_clocks_remind_each_person_once(olive):  # noqa: F811
    new_customer(olive)
    policy = create_policy(
        actor=olive, slug="use", kind="agreement", asked_of="person", material=True,
        effective_at=timezone.now() + timedelta(days=40), **WORDS,
    )  # fmt: skip
    version = announce(olive, policy.versions.get())
    with time_machine.travel(timezone.now() + timedelta(days=35)):
        race(remind_of_policies, remind_of_policies)

    people = list(PolicyReminder.objects.filter(version=version).values_list("person", flat=True))
    assert people and len(people) == len({*people})
