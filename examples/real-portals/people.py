"""People of the journey: a browser each, with one tab per portal."""

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from measures import PATIENCE
from place import Place
from playwright.sync_api import Browser, Page
from provider import CALLBACK, Provider

# Ask for an address as the tab's own scripts do; a redirection is the status 302.
FETCH = """async ({path, options}) => {
    const answer = await fetch(path, {redirect: 'manual', cache: 'no-store', ...options});
    const moved = answer.type === 'opaqueredirect';
    return {status: moved ? 302 : answer.status, text: moved ? '' : await answer.text()};
}"""
# The same again and again, until the answer is another than 200 with this text in it.
WATCH = f"""({{path, text}}) => {{
    const ask = {FETCH};
    window.refusal = (async () => {{
        const until = Date.now() + {PATIENCE} * 1000;  // never refused: that late
        for (;;) {{
            const answer = await ask({{path, options: {{}}}});
            const refused = answer.status !== 200 || !answer.text.includes(text);
            if (refused || Date.now() > until)
                return {{at: Date.now() / 1000, status: answer.status}};
            await new Promise(go => setTimeout(go, 150));
        }}
    }})();
}}"""
PORTAL_SCOPES = "openid email permissions"


class Person:
    """One of the example people in a browser of their own."""

    def __init__(self, browser: Browser, place: Place, provider: Provider, name: str) -> None:
        """Open the browser, without signing in."""
        self.place, self.provider, self.name = place, provider, name
        self.context = browser.new_context(viewport={"width": 1200, "height": 760})
        self.hub = self.context.new_page()
        self.tabs: dict[str, Page] = {}

    def sign_in(self) -> None:
        """Sign in at the hub, once."""
        self.hub.goto(f"{self.provider.url}/accounts/login/")
        self.hub.get_by_role("button", name=re.compile(f"^{self.name}")).click()
        self.hub.wait_for_url(f"{self.provider.url}/")

    def open(self, portal: str, path: str = "/") -> Page:
        """Open a portal in its tab, and return it once everything is there."""
        tab = self.tabs.get(portal) or self.context.new_page()
        self.tabs[portal] = tab
        tab.goto(self.place.url(portal) + path)
        tab.wait_for_load_state("networkidle")
        return tab

    def ask(self, portal: str, path: str, **options: Any) -> tuple[int, str]:
        """Ask a portal for an address from its tab; return status and text."""
        answer = self.tabs[portal].evaluate(FETCH, {"path": path, "options": options})
        return answer["status"], answer["text"]

    def watch(self, portal: str, path: str, text: str) -> None:
        """Ask for an address, from now on and at short intervals, until it is refused."""
        self.tabs[portal].evaluate(WATCH, {"path": path, "text": text})

    def refusal(self, portal: str) -> tuple[float, int]:
        """Wait until what is watched is refused; return when, in seconds, and the status."""
        seen = self.tabs[portal].evaluate("window.refusal")
        return seen["at"], seen["status"]

    def token(self, portal: str) -> str:
        """Return an access token for a portal, by the authorization code flow with PKCE."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        callback = self.place.url(portal) + CALLBACK.get(portal, "/sign-in/callback")
        query = {
            "response_type": "code",
            "client_id": self.provider.credentials[portal]["client_id"],
            "redirect_uri": callback,
            "scope": PORTAL_SCOPES,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        address = f"{self.provider.url}/identity/o/authorize?{urlencode(query)}"
        answer = self.context.request.get(address, max_redirects=0)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        return self.provider.token(
            portal,
            grant_type="authorization_code",
            code=code,
            redirect_uri=callback,
            code_verifier=verifier,
        )
