"""The ends of released logs, representatives and authorisations are in the due list."""

from datetime import timedelta

from django.utils import timezone

from tests import log_scene
from tests.test_wrong_actors import signed_in


def test_each_end_is_listed_until_it_is_over(bob, alice, olive, membership):
    report = log_scene.report()
    log_scene.price()
    log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)
    log_scene.released(bob, report)
    until = timezone.now() + timedelta(days=90)
    log_scene.give(bob, log_scene.authorisation(until=until))

    page = signed_in(olive).get("/provider/due/").content.decode()

    for text in (
        "Logs are deleted: Alder Dental",
        "A representative ends: Alder Dental",
        "An authorisation ends: Alder Dental, alder",
    ):
        assert text in page
    assert signed_in(alice).get("/provider/due/").status_code == 403
