"""The rules of the hub inside allauth: no self sign-up, our email header, links on our host."""

from accounts.adapters.account import AccountAdapter, SecondFactorStage
from accounts.adapters.factors import FactorAdapter
from accounts.adapters.sessions import second_factor_taken_over, signed_in_at

__all__ = [
    "AccountAdapter",
    "FactorAdapter",
    "SecondFactorStage",
    "second_factor_taken_over",
    "signed_in_at",
]
