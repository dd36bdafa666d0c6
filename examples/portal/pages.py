"""The pages of the demo's portals, made with portal.py. What differs is in their manifests.

A real portal has its own pages and data in place of this file.
"""

import os
import tomllib
from pathlib import Path
from urllib.parse import urlencode

from authlib.integrations.django_client import OAuthError
from django.core.cache import cache
from django.http import FileResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST
from joserfc.errors import JoseError
from portal import HOME, HUB, ask, back_channel_logout, callback, hub, is_allowed, search, signed_in
from requests import RequestException

FOLDER, MANIFEST = Path(__file__).parent, Path(os.environ["PORTAL_MANIFEST"])
PORTAL = tomllib.loads(MANIFEST.read_text(encoding="utf-8")) | {"slug": MANIFEST.stem}
TYPES = {kind: entry for kind, entry in PORTAL.get("types", {}).items() if "privileges" in entry}
CALLBACK = "sign-in/callback"


def show(request, template, status=200, **context):
    """Answer with a page."""
    return render(request, template, {"portal": PORTAL, "hub": HUB, **context}, status=status)


def explain(request, status, title, text, person=None):
    """Answer with a page that holds a message alone."""
    return show(request, "message.html", status, title=title, text=text, person=person)


class ExplainErrors:
    """Answer with a page where the hub is away, or has signed nobody in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request, error):
        """Return the page for an error of Authlib or of the connection, None for any other."""
        if not isinstance(error, (OAuthError, JoseError, RequestException)):
            return None
        if request.path == f"/{CALLBACK}":
            return explain(request, 403, "You are not signed in", str(error))
        return explain(request, 503, "The hub does not answer", "Nothing was done. Try again.")


def titles_of(person):
    """Return {(type, id): title}. A real portal knows its resources; this one reads its report."""
    own = {"grant_type": "client_credentials", "scope": "resources:write"}
    token = cache.get_or_set("reporting", lambda: hub.fetch_access_token(**own), 60)
    titles = {("subscription", person["company"]): person["company_name"]}
    query = {"customer": person["company"], "limit": 1000}
    while query:
        answer = hub.get(f"{HUB}/api/v1/resources", params=query, token=token)
        answer.raise_for_status()
        page = answer.json()
        titles |= {(item["type"], item["id"]): item["name"] for item in page["items"]}
        query = query | {"after": page["next"]} if page["next"] else None
    return titles


def permitted_acts(person, kind, name):
    """Return the acts that the person may do with a resource now, asked in one call."""
    acts = list(TYPES[kind]["privileges"])
    questions = [{"action": {"name": act}} for act in acts]
    resource = {"type": kind, "id": name}
    answer = ask("/access/v1/evaluations", person, acts[0], resource, evaluations=questions)
    answers = zip(acts, answer["evaluations"], strict=True)
    return {act for act, given in answers if given["decision"] is True}


@signed_in
def home(request, person):
    """List the company's resources on which this person may do anything."""
    titles, groups = titles_of(person), []
    for kind, entry in TYPES.items():
        names = {name for act in entry["privileges"] for name in search(person, act, kind)}
        rows = [(kind, name, titles[kind, name]) for name in names if (kind, name) in titles]
        groups.append((entry, sorted(rows, key=lambda row: row[2])))
    is_empty = not any(rows for _type, rows in groups)
    return show(request, "home.html", person=person, groups=groups, is_empty=is_empty)


@signed_in
def resource(request, person, kind, name):
    """Show a resource with the acts of its type; do one of them if the hub says yes."""
    acts = TYPES.get(kind, {}).get("privileges", {})
    act, done = request.POST.get("act"), None
    if act in acts:
        done = is_allowed(person, act, kind, name)  # a real portal would now do it
    titles = titles_of(person)
    is_known = acts and (kind, name) in titles
    permitted = permitted_acts(person, kind, name) if is_known else set()
    if not permitted and done is None:
        text = f"Ask a Super User of {person['company_name']} for access."
        return explain(request, 404, "You can't see this", text, person)
    asked = {"portal": PORTAL["slug"], "type": kind, "resource": name, "privilege": act}
    context = {
        "title": titles[kind, name] if permitted else name,
        "type": TYPES[kind],
        "acts": [(code, entry["label"], code in permitted) for code, entry in acts.items()],
        "act": acts.get(act),
        "done": done,
        "ask": f"{HUB}/ask/?{urlencode({**asked, 'return': HOME + request.path})}",
    }
    return show(request, "resource.html", person=person, **context)


@require_POST
def sign_out(request):
    """End the session here, and let the hub end the others of this browser."""
    id_token = request.session.get("id_token")
    request.session.flush()
    return hub.logout_redirect(request, f"{HOME}/signed-out", id_token, client_id=hub.client_id)


def signed_out(request):
    """Say that the person is signed out; the hub sends them here."""
    return explain(request, 200, "You're signed out", "Of the other portals in this browser too.")


urlpatterns = [
    path("", home),
    path(CALLBACK, callback),
    path("sign-out", sign_out),
    path("signed-out", signed_out),
    path("back-channel-logout", back_channel_logout),
    path("portal.css", lambda request: FileResponse((FOLDER / "portal.css").open("rb"))),
    path("<str:kind>/<path:name>/", resource, name="resource"),
]
