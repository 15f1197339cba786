"""What the OpenAPI document says of every route: how it refuses."""

from __future__ import annotations

from typing import Any

from ninja.openapi.schema import OpenAPISchema

from cunzhen.api.errors import TITLES

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457: what is wrong and what to do next.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "detail_en"],
    "properties": {
        "type": {"type": "string", "description": "urn:cunzhen:CODE"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable code of the finding, such as T-UP-01"},
        "detail": {"type": "string", "description": "Chinese"},
        "detail_en": {"type": "string", "description": "English"},
        "errors": {"type": "array", "items": {"type": "object"}, "description": "422: where and what kind, no values"},
        "fields": {"description": "422: field name to message"},
        "items": {"description": "422: id to field name to message; 409: id to the version that it has now"},
        "reference": {"type": "string", "description": "500: the number in the log"},
    },
}
_ALWAYS = (401, 403, 422, 503)
_WRITES = {"post", "patch"}
KEY_HEADER: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "schema": {"type": "string", "maxLength": 200},
            "required": False,
            "description": "the same key and request within seven days gives the first answer again",
        }
    ]
}
FILE_ANSWER: dict[str, Any] = {
    "responses": {
        200: {
            "description": "the file",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


def describe_problems(document: OpenAPISchema) -> OpenAPISchema:
    """Add the problem document to every operation.

    Args:
        document: as ninja made it; changed in place.
    """
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = [*_ALWAYS, *((404,) if "{" in path else ()), *((400, 409, 413) if method in _WRITES else ())]
            for status in sorted(statuses):
                operation["responses"][str(status)] = _answer(status)
    return document


def _answer(status: int) -> dict[str, Any]:
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": TITLES[status], "content": {"application/problem+json": reference}}
