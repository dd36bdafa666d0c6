"""Settings of paying by card: Stripe's two secrets, or neither."""

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from hub.environment import optional, parsed

__all__ = ["HUB_STRIPE_SECRET_KEY", "HUB_STRIPE_WEBHOOK_SECRET"]


def _secret_key(text: str) -> str:
    """Return a secret or restricted key of Stripe's API. Raises ValueError."""
    if text and not text.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise ValueError("a key begins with sk_ or rk_, then test_ or live_")
    return text


def _webhook_secret(text: str) -> str:
    """Return the signing secret of a webhook endpoint. Raises ValueError."""
    if text and not text.startswith("whsec_"):
        raise ValueError("a signing secret begins with whsec_")
    return text


HUB_STRIPE_SECRET_KEY = parsed(
    "HUB_STRIPE_SECRET_KEY", optional("HUB_STRIPE_SECRET_KEY", ""), _secret_key
)
HUB_STRIPE_WEBHOOK_SECRET = parsed(
    "HUB_STRIPE_WEBHOOK_SECRET", optional("HUB_STRIPE_WEBHOOK_SECRET", ""), _webhook_secret
)
if bool(HUB_STRIPE_SECRET_KEY) != bool(HUB_STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured(
        "Set HUB_STRIPE_SECRET_KEY and HUB_STRIPE_WEBHOOK_SECRET, or neither."
    )
if HUB_STRIPE_SECRET_KEY and find_spec("stripe") is None:
    raise ImproperlyConfigured(
        "HUB_STRIPE_SECRET_KEY needs Stripe's library: install requirements-stripe.lock."
    )
