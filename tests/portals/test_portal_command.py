"""`manage.py portal`: its output for the operator."""

import json
from io import StringIO

import pytest
from allauth.idp.oidc.models import Client
from django.core.management import CommandError, call_command

from hub.example import MANIFESTS
from portals.models import Portal, Privilege


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("portal", *arguments, stdout=out)
    return out.getvalue()


def test_applying_a_manifest_twice(db, tmp_path):
    file = tmp_path / "parking.toml"
    file.write_text(
        'kind = "other"\nname = { en = "Parking", fr = "Parc" }\n'
        'home_url = "https://parking.harbour.example/"\n'
    )

    assert "portal parking: added" in _run("apply", str(file))
    assert _run("apply", str(file)) == "parking: nothing to change\n"


def test_a_removal_is_shown_and_refused_without_yes(db, tmp_path):
    text = (MANIFESTS / "statistics.toml").read_text()
    file = tmp_path / "statistics.toml"
    file.write_text(text[: text.index("[types.usage_report.privileges.request_logs]")])
    out = StringIO()

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("portal", "apply", str(file), stdout=out)

    assert "would change  privilege usage_report.request_logs: removed, with 0" in out.getvalue()
    assert Privilege.objects.filter(codename="usage_report.request_logs").exists()

    assert "usage_report.request_logs: removed" in _run("apply", str(file), "--yes")
    assert not Privilege.objects.filter(codename="usage_report.request_logs").exists()


def test_a_bad_file_is_one_clear_line(db, tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text('kind = "shop"\n')

    with pytest.raises(CommandError) as refused:
        _run("apply", str(file))

    assert str(refused.value) == "shop.toml: name: is missing"


def test_credentials_as_json(db):
    issued = json.loads(_run("credentials", "domains", "--json"))

    assert set(issued) == {"client_id", "client_secret"}
    portal = Portal.objects.get(slug="domains")
    assert portal.client_id == issued["client_id"]
    assert issued["client_secret"] not in Client.objects.get(pk=issued["client_id"]).secret


def test_credentials_as_text(db):
    text = _run("credentials", "domains")

    assert Portal.objects.get(slug="domains").client_id in text
    assert "client secret" in text


@pytest.mark.parametrize("arguments", [["domains"], ["domains", "--json"]])
def test_the_demo_says_that_its_own_portal_waits_for_a_restart(db, settings, arguments):
    warning = StringIO()
    call_command("portal", "credentials", *arguments, stdout=StringIO(), stderr=warning)
    assert warning.getvalue() == ""

    settings.DEMO = True
    out = StringIO()
    call_command("portal", "credentials", *arguments, stdout=out, stderr=warning)

    assert "If the demo runs Domains, it still has the former credentials" in warning.getvalue()
    assert "demo" not in out.getvalue()


def test_an_unknown_portal_is_reported_with_the_known_ones(db):
    with pytest.raises(CommandError, match=r"no portal shop\. Known portals: domains, statistics"):
        _run("credentials", "shop")
