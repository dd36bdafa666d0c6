"""The states of an act of the support desk that waits before it takes effect."""

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from accounts.choices.support import SupportAct


class DelayState(TextChoices):
    """An act waits, then it is done, unless somebody cancels it; what is not waiting is final."""

    WAITING = "waiting", pgettext_lazy("delayed act", "Waiting")
    DONE = "done", pgettext_lazy("delayed act", "Done")
    CANCELLED = "cancelled", pgettext_lazy("delayed act", "Cancelled")
    VOID = "void", pgettext_lazy("delayed act", "Not possible any more")


DELAYED_ACTS = [SupportAct.REMOVE_FACTOR, SupportAct.CORRECT_ADDRESS]
