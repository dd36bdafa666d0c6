"""POST /access/v1/search/…: who may do what, as lists in pages (AuthZEN 1.0, section 8).

A search answers for the portal's own resources and for now, by the rule of the checks.
"""

from portals.api.search.answers import ACTION, RESOURCE, SUBJECT, search_view

__all__ = ["ACTION", "RESOURCE", "SUBJECT", "search_view"]
