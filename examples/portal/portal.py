"""Put a portal behind the hub: sign-in, a check before each act, lists by search, logout.

This file is there to be copied; docs/portals.md walks through it. The demo's pages are in pages.py.
"""

import os
from contextlib import suppress

from authlib.integrations.django_client import OAuth
from authlib.oidc.core import CodeIDToken
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from joserfc.errors import JoseError

HOME, HUB = os.environ["PORTAL_URL"], os.environ["HUB_URL"]
SCOPE = "openid profile company"
LOGOUT = {"http://schemas.openid.net/event/backchannel-logout": {}}
DAY = 24 * 60 * 60  # seconds; a hub session ends after half of it

hub = OAuth().register(
    "hub",
    server_metadata_url=f"{HUB}/.well-known/openid-configuration",
    client_id=os.environ["PORTAL_CLIENT_ID"],
    client_secret=os.environ["PORTAL_CLIENT_SECRET"],
    client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": 5},
)


def signed_in(view):
    """Give a page the person as the hub knows them now; lead everybody else to the hub."""

    def page(request, **names):
        token = request.session.get("token")
        if token and not cache.get(f"ended:{request.session['sid']}"):
            answer = hub.get(hub.load_server_metadata()["userinfo_endpoint"], token=token)
            if answer.status_code != 401:
                answer.raise_for_status()
                return view(request, answer.json(), **names)
        request.session.flush()
        request.session["page"] = request.path
        return hub.authorize_redirect(request, f"{HOME}/sign-in/callback")

    return page


def callback(request):
    """Take the person back from the hub; Authlib checks state, nonce, PKCE and the ID token."""
    token, page = hub.authorize_access_token(request), request.session.get("page", "/")
    request.session.flush()  # a new session: nobody can have prepared it
    request.session["token"] = {"access_token": token["access_token"], "token_type": "Bearer"}
    request.session["sid"] = token["userinfo"]["sid"]
    request.session["id_token"] = token["id_token"]
    cache.delete(f"ended:{token['userinfo']['sid']}")  # the hub says anew that it goes on
    return redirect(HOME + page)


def ask(address, person, act, resource, **more):
    """Ask the access API with the portal's own token: a new one each minute, good for an hour."""
    own = {"grant_type": "client_credentials", "scope": "access:check"}
    token = cache.get_or_set("token", lambda: hub.fetch_access_token(**own), 60)
    subject, action = {"type": "user", "id": person["sub"]}, {"name": act}
    question = {"subject": subject, "action": action, "resource": resource, **more}
    answer = hub.post(HUB + address, json=question, token=token)
    answer.raise_for_status()
    return answer.json()


def is_allowed(person, act, kind, name):
    """Return whether the person may do this now; only a plain yes is a yes."""
    answer = ask("/access/v1/evaluation", person, act, {"type": kind, "id": name})
    return answer["decision"] is True


def search(person, act, kind):
    """Return the ids of all resources of a type to which the person may do this now."""
    found, page = [], {"limit": 1000}
    while page:
        answer = ask("/access/v1/search/resource", person, act, {"type": kind}, page=page)
        found += [each["id"] for each in answer["results"]]
        page = answer["page"]["next_token"] and {"token": answer["page"]["next_token"]}
    return found


@csrf_exempt
def back_channel_logout(request):
    """End the session that the hub names (OpenID Connect Back-Channel Logout 1.0, 2.6)."""
    with suppress(JoseError, LookupError):
        sent, issuer = request.POST["logout_token"], hub.load_server_metadata()["issuer"]
        expected = {"iss": {"value": issuer}, "aud": {"value": hub.client_id}}
        claims = hub.parse_id_token({"id_token": sent}, None, expected, CodeIDToken, leeway=0)
        is_logout = claims["events"] == LOGOUT and "nonce" not in claims
        if is_logout and cache.add(f"jti:{claims['jti']}", claims["sid"], DAY):  # each comes once
            cache.set(f"ended:{claims['sid']}", True, DAY)
            return HttpResponse(headers={"Cache-Control": "no-store"})
    return HttpResponse("This is no logout token of the hub, or it came before.", status=400)
