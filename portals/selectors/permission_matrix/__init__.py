"""The permission matrix: rows of resources or grantees, each with a level and its sources.

A cell is one grantee, one resource and one resource type: the resource's own type or one below it.
"""

from portals.selectors.permission_matrix.rows import (
    Cell,
    Row,
    Source,
    WantedGrants,
    grantee_key,
    make_row,
    rows_of_resource,
    rows_of_resources,
)
from portals.selectors.permission_matrix.sections import Group, MatrixFilter, Section, matrix_of

__all__ = [
    "Cell",
    "Group",
    "MatrixFilter",
    "Row",
    "Section",
    "Source",
    "WantedGrants",
    "grantee_key",
    "make_row",
    "matrix_of",
    "rows_of_resource",
    "rows_of_resources",
]
