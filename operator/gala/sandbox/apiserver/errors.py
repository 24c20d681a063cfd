"""Refusals in the words of a Kubernetes API server, as ``Status`` objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
"""A JSON object as read from the wire; stored ones are never changed in place."""


class ApiError(Exception):
    """An answer other than 2xx; ``body`` is the Status object that clients read."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        causes: Sequence[Json] = (),
        about: Mapping[str, str] | None = None,
    ) -> None:
        """``about`` names the object: ``name``, ``kind``, ``group``."""
        super().__init__(message)
        self.code = code
        self.body: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
        }
        if causes:
            self.body["details"] = {**(about or {}), "causes": list(causes)}


def not_found(what: str, name: str) -> ApiError:
    """404: no such object; ``what`` is the qualified plural, as in ``deployments.apps``."""
    return ApiError(404, "NotFound", f'{what} "{name}" not found')


def conflict(what: str, name: str, why: str) -> ApiError:
    """409: the object is not the one that the client read."""
    return ApiError(409, "Conflict", f'Operation cannot be fulfilled on {what} "{name}": {why}')


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def invalid(kind: str, name: str, problems: Sequence[tuple[str, str]]) -> ApiError:
    """422: the object breaks its schema; ``kind`` is ``<Kind>.<group>``, ``problems`` are (path, message)."""
    causes = [
        {"reason": "FieldValueInvalid", "message": message, "field": path} for path, message in problems
    ]
    text = ", ".join(f"{path}: {message}" for path, message in problems)
    about = dict(zip(("kind", "group"), kind.partition(".")[::2], strict=True), name=name)
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', causes=causes, about=about)


def expired(since: int, oldest: int) -> ApiError:
    """410: the history before ``oldest`` is gone; the client has to list again."""
    return ApiError(410, "Expired", f"too old resource version: {since} ({oldest})")
