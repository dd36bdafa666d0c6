"""The one door every mail passes: taken in by the backend, decided and sent by the worker's job."""

from preferences.gate.intake import GateBackend, MailRefused, UnclassifiedMail

__all__ = ["GateBackend", "MailRefused", "UnclassifiedMail"]
