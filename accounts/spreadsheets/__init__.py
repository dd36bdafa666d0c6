"""Tables as CSV files, downloaded and uploaded, that are safe in a spreadsheet program."""

from accounts.spreadsheets.downloads import (
    SIGNED_ROWS_MAX_AGE,
    csv_lines,
    csv_response,
    escape_formula,
    sign_rows,
    signed_rows,
)
from accounts.spreadsheets.lines import (
    Line,
    addresses_in,
    columns_to_name,
    has_heading,
    readable,
)
from accounts.spreadsheets.reading import BadTable, read_pasted_cells, read_table

__all__ = [
    "SIGNED_ROWS_MAX_AGE",
    "BadTable",
    "Line",
    "addresses_in",
    "columns_to_name",
    "csv_lines",
    "csv_response",
    "escape_formula",
    "has_heading",
    "read_pasted_cells",
    "read_table",
    "readable",
    "sign_rows",
    "signed_rows",
]
