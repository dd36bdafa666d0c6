"""Looking at a person's pages with them: begun in a verified case, over after minutes.

It is no sign-in as the person. The agent stays who they are, and every act of theirs is their own.
"""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import SupportAct
from accounts.models import CaseAct, SupportCase, User, Viewing
from accounts.models.viewings import LASTS
from accounts.permissions import require_fresh_sign_in, require_second_factor, require_support
from accounts.services.support.attempts import support_act
from accounts.services.support.cases import lock_verified_case
from accounts.services.support.receipts import record_act
from accounts.services.support.refusals import SupportRefused


@support_act(SupportAct.VIEW_PAGES)
def begin_viewing(*, actor: User, case: SupportCase, signed_in_at: datetime | None) -> Viewing:
    """Let the agent of a case see Home and the preference page of its person, for LASTS.

    The person and their main Super Users are told at once. Raises as lock_verified_case;
    SupportRefused for a closed account, or while a viewing of this case goes on;
    SecondFactorRequired; FreshSignInRequired.
    """
    case = lock_verified_case(actor, case, SupportAct.VIEW_PAGES)
    if not case.person.is_active:
        raise SupportRefused(_("This account is closed."))
    now = timezone.now()
    for earlier in case.viewings.filter(ended_at=None):
        if earlier.ends_at > now:
            raise SupportRefused(_("You are looking at their pages already."), code="open")
        earlier.ended_at = earlier.ends_at
        earlier.save(update_fields=["ended_at"])
    require_second_factor(actor)
    require_fresh_sign_in(signed_in_at)
    viewing = Viewing.objects.create(case=case, begun_at=now, ends_at=now + LASTS)
    CaseAct.objects.create(case=case, act=SupportAct.VIEW_PAGES, subject=str(viewing.uuid))
    own, others = record_act(case, kind="support.viewing_begun")
    for reader in [*own, *others]:
        emails.send_viewing_begun(viewing=viewing, reader=reader, person_reads=reader in own)
    return viewing


@transaction.atomic
def end_viewing(*, actor: User, viewing: Viewing) -> Viewing:
    """End it before its time. Raises PermissionDenied for another agent's.

    Ending it twice, or after its time, does nothing.
    """
    case = SupportCase.objects.select_related("person", "customer").get(pk=viewing.case_id)
    require_support(actor, case.person)
    if case.opened_by_id != actor.pk:
        raise PermissionDenied("another agent's case")
    viewing = Viewing.objects.select_for_update().get(pk=viewing.pk)
    now = timezone.now()
    if viewing.ended_at is None and now < viewing.ends_at:
        viewing.ended_at = now
        viewing.save(update_fields=["ended_at"])
        record_act(case, kind="support.viewing_ended")
    return viewing
