"""The set-up guides on Home: done by the data, skipped by choice, gone when they have led."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.choices import COMPANY_STEPS, PROVIDER_STEPS
from accounts.models import AuditEvent, Customer, SkippedStep
from accounts.services.customers import create_customer, suspend_customer
from accounts.services.invitations import accept_invitation, invite_main_super_user, invite_person
from accounts.services.memberships import change_role
from accounts.services.setup import SetupRefused, skip_setup_step
from accounts.services.teams import create_team
from hub.example import acts
from portals.models import Portal, Privilege, Resource
from portals.services.grants import grant_privilege
from portals.services.resources import Report, sync_resources
from portals.services.subscriptions import subscribe_customer
from tests.template_database import replaced

PASSWORD = "three unrelated words"


@pytest.fixture
def elm(olive):
    """A new company, Elm Bakery, whose one person is Gina."""
    customer = create_customer(actor=olive, slug="elm", name="Elm Bakery")
    for slug in ("domains", "ticketing", "webmail"):
        subscribe_customer(actor=olive, customer=customer, portal=Portal.objects.get(slug=slug))
    invitation = invite_main_super_user(
        actor=olive, customer=customer, address="gina@elm.example", name="Gina Stone"
    )
    accept_invitation(actor=None, token=invitation.token, name="Gina Stone", password=PASSWORD)
    return Customer.objects.get(pk=customer.pk)


@pytest.fixture
def gina(elm):
    return elm.main_super_user.user


def guide(as_, person):
    groups = as_(person).get(reverse("home")).context["groups"]
    return groups[0][1].guide


def open_steps(as_, person):
    return [step.code for step in guide(as_, person).steps if step.is_open]


def skip(as_, person, step, url=("accounts:setup-skip", "elm")):
    name, *args = url
    return as_(person).post(reverse(name, args=args), {"step": step}, follow=True)


def test_a_new_company_begins_with_every_step(as_, gina):
    page = as_(gina).get("/")

    assert open_steps(as_, gina) == COMPANY_STEPS
    assert "Set up Elm Bakery" in page.text
    assert "0 of 5 done" in page.text
    assert reverse("portals:invite", args=["elm"]) in page.text
    assert "Keep your company safe" not in page.text  # the guide says it already


def test_each_step_is_done_when_the_data_says_so(as_, gina, elm):
    domains = Portal.objects.get(slug="domains")
    invitation = invite_person(actor=gina, customer=elm, address="henry@elm.example", name="Henry")
    assert open_steps(as_, gina) == COMPANY_STEPS[1:]

    sync_resources(
        actor=domains,
        customer="elm",
        type_code="domain",
        reports=[Report("elm.example", "elm.example")],
    )
    assert open_steps(as_, gina) == COMPANY_STEPS[2:]

    henry = accept_invitation(actor=None, token=invitation.token, name="Henry", password=PASSWORD)
    change_role(actor=gina, membership=henry, role="super_user")
    assert open_steps(as_, gina) == ["access", "factor"]

    Authenticator.objects.create(user=gina, type="totp", data={"secret": "x"})
    assert open_steps(as_, gina) == ["access"]


def test_a_guide_ends_with_its_leading_steps(as_, gina, elm):
    """That a stand-in or a second factor is missing, Home says without a guide."""
    invitation = invite_person(actor=gina, customer=elm, address="henry@elm.example")
    henry = accept_invitation(actor=None, token=invitation.token, name="Henry", password=PASSWORD)
    tickets = Portal.objects.get(slug="ticketing")
    reports = [Report("elm-billing", "Invoices")]
    sync_resources(actor=tickets, customer="elm", type_code="queue", reports=reports)
    grant_privilege(
        actor=gina,
        grantee=henry,
        privilege=Privilege.objects.get(codename="queue.open"),  # no portal is opened by it
        resource=Resource.objects.get(external_id="elm-billing"),
    )

    assert guide(as_, gina) is None
    assert "Keep your company safe" in as_(gina).get("/").text


def test_portal_access_by_the_hub_itself_is_no_access_given(as_, gina, elm):
    """Webmail lets everybody in."""
    invitation = invite_person(actor=gina, customer=elm, address="henry@elm.example")
    accept_invitation(actor=None, token=invitation.token, name="Henry", password=PASSWORD)

    assert "access" in open_steps(as_, gina)


@pytest.mark.parametrize("external_id", ["elm", "elm.example"])
@pytest.mark.parametrize("of_team", [False, True])
def test_access_is_given_on_a_domain_or_on_all(as_, gina, elm, external_id, of_team):
    """On the root, a grant for all domains is told from those that open the portal."""
    reports = [Report("elm.example", "elm.example")]
    portal = Portal.objects.get(slug="domains")
    sync_resources(actor=portal, customer="elm", type_code="domain", reports=reports)
    henry, team = invited(gina, elm), create_team(actor=gina, customer=elm, name="Office")
    assert "access" in open_steps(as_, gina)

    grant_privilege(
        actor=gina,
        grantee=team if of_team else henry,
        privilege=Privilege.objects.get(portal=portal, codename="domain.view"),
        resource=Resource.objects.get(
            resource_type__portal=portal, subscription__customer=elm, external_id=external_id
        ),
    )

    assert guide(as_, gina) is None


def invited(gina, elm):
    invitation = invite_person(actor=gina, customer=elm, address="henry@elm.example")
    return accept_invitation(actor=None, token=invitation.token, name="Henry", password=PASSWORD)


def test_a_step_is_skipped_and_the_last_one_ends_the_guide(as_, gina):
    page = skip(as_, gina, "resources")
    assert "Skipped: Add a domain or mailbox." in page.text
    assert open_steps(as_, gina) == ["invite", "access", "stand_in", "factor"]
    assert "1 of 5 done" in page.text

    skip(as_, gina, "resources")  # twice is once
    assert SkippedStep.objects.count() == 1

    skip(as_, gina, "invite")
    skip(as_, gina, "access")
    assert guide(as_, gina) is None


def test_a_guide_is_hidden_for_good(as_, gina):
    page = skip(as_, gina, "all")

    assert "The set-up guide is hidden." in page.text
    assert guide(as_, gina) is None


def test_skipping_leaves_no_event(gina, elm):
    before = AuditEvent.objects.count()
    skip_setup_step(actor=gina, customer=elm, step="all")

    assert AuditEvent.objects.count() == before


def test_a_company_that_works_has_no_guide(as_, alice):
    assert guide(as_, alice) is None


def test_a_suspended_company_has_no_guide(as_, gina, elm, olive):
    suspend_customer(actor=olive, customer=elm, reason="unpaid")

    assert "Set up Elm Bakery" not in as_(gina).get("/").text


@pytest.mark.parametrize("step", ["brand", "customer", "nothing", ""])
def test_a_step_of_another_guide_is_refused(as_, gina, elm, step):
    with pytest.raises(SetupRefused):
        skip_setup_step(actor=gina, customer=elm, step=step)
    skip(as_, gina, step)

    assert not SkippedStep.objects.exists()


def test_only_a_super_user_of_the_company_skips(bob, charlie, dana, olive, alder):
    for actor in (bob, charlie, dana, olive):
        with pytest.raises(PermissionDenied):
            skip_setup_step(actor=actor, customer=alder, step="all")


def test_only_an_operator_skips_for_the_provider(as_, alice, bob, dana):
    for actor in (alice, bob, dana):
        with pytest.raises(PermissionDenied):
            skip_setup_step(actor=actor, customer=None, step="all")
        url = ("accounts:provider-setup-skip",)
        assert skip(as_, actor, "all", url).status_code == 403


# --- The provider's ---


@pytest.fixture(scope="module")
def new_provider(django_db_setup, django_db_blocker):
    """Replace the example by an operator alone."""
    with django_db_blocker.unblock():
        with replaced("operator", lambda: acts.hire("olive", "Olive Bergeron", "Operators")):
            yield
        django_db_setup()


def provider_guide(as_, person):
    return as_(person).get("/").context["staff"].guide


def test_a_provider_with_customers_has_no_guide(as_, olive):
    assert provider_guide(as_, olive) is None


@pytest.mark.usefixtures("new_provider", "db")
def test_a_new_provider_is_led(as_, settings):
    olive = acts.person("olive@harbour.example")

    def steps():
        return [step.code for step in provider_guide(as_, olive).steps if step.is_open]

    page = as_(olive).get("/")
    assert "Set up your hub" in page.text
    assert "manage.py portal apply FILE" in page.text
    assert reverse("portals:provider-customer-create") in page.text
    assert steps() == PROVIDER_STEPS

    settings.HUB_MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.HUB_BRAND_LOGO = "/static/logo.svg"
    Authenticator.objects.create(user=olive, type="totp", data={"secret": "x"})
    assert steps() == ["portal", "customer", "main"]

    skip(as_, olive, "portal", ("accounts:provider-setup-skip",))
    acts.found_company(olive, "elm", "Elm Bakery", [])
    assert steps() == ["main"]

    acts.invite_main(olive, "elm", "gina", "Gina Stone")
    assert provider_guide(as_, olive) is None


@pytest.mark.usefixtures("new_provider", "db")
def test_the_providers_guide_is_hidden_for_good(as_):
    olive = acts.person("olive@harbour.example")
    skip(as_, olive, "all", ("accounts:provider-setup-skip",))

    assert provider_guide(as_, olive) is None


@pytest.mark.usefixtures("new_provider", "db")
def test_support_is_not_led(as_):
    dana = acts.hire("dana", "Dana Okafor", "Support")

    assert provider_guide(as_, dana) is None
