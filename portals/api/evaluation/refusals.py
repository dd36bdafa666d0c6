"""An answer in plain values, and the answer that is a refusal."""

import json
from typing import Any, Final, NamedTuple

Header = tuple[str, str]

HEADERS: Final[list[Header]] = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


class Answer(NamedTuple):
    """An HTTP response in plain values."""

    status: int
    headers: list[Header]
    body: bytes


class Refused(Exception):
    """The request cannot be answered: an HTTP status, and an error in the API's common shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str = "",
        headers: tuple[Header, ...] = (),
    ) -> None:
        """`field` names the part of the body at fault, as `subject.id`."""
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = headers

    def answer(self) -> Answer:
        """The response that says so."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            error["fields"] = {self.field: [self.message]}
        return Answer(self.status, [*HEADERS, *self.headers], json.dumps({"error": error}).encode())
