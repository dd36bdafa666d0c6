"""The gate that every email passes: the backend takes it in, a job decides and sends it."""

from preferences.gate.envelope import MailRefused
from preferences.gate.intake import GateBackend, UnclassifiedMail

__all__ = ["GateBackend", "MailRefused", "UnclassifiedMail"]
