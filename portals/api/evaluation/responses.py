"""The response to a check in plain values, and refusals."""

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
    """A request that is refused with an HTTP status and an error in the API's common shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str = "",
        headers: tuple[Header, ...] = (),
    ) -> None:
        """Keep the error; `field` is the part of the body at fault, such as `subject.id`."""
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = headers

    def error(self) -> dict[str, Any]:
        """Return the error as an object."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            error["fields"] = {self.field: [self.message]}
        return error

    def answer(self) -> Answer:
        """Return the response with this error."""
        body = json.dumps({"error": self.error()}).encode()
        return Answer(self.status, [*HEADERS, *self.headers], body)
