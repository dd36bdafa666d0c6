#!/usr/bin/python3
"""List the reports that this person may see (CGI); mod_auth_openidc names their permissions."""

import os
from html import escape

permissions = os.environ.get("OIDC_CLAIM_permissions", "").split(",")  # noqa: SIM112
parts = (permission.split("/") for permission in permissions)
names = [part[1] for part in parts if part[0] == "usage_report" and part[2:] == ["view"]]
items = "".join(f'<li><a href="/{escape(name)}/">{escape(name)}</a></li>' for name in names)
print("Content-Type: text/html; charset=utf-8\nCache-Control: no-store\n")
print(f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Usage statistics</title>
<style>body {{ font: 16px system-ui; margin: 3rem auto; max-width: 40rem }}
li {{ margin: .5rem }}</style>
<h1>Usage statistics</h1>
<ul>{items or "<li>No report is open to you.</li>"}</ul>
<p><a href="/sign-in/callback?logout=@STATISTICS_URL@/signed-out">Sign out</a></p>""")
