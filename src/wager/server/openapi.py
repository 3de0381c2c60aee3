"""The OpenAPI 3.1 description of every route, made of the types that the server itself reads."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from wager.server.operations import Operation
from wager.server.wire import Problem, title_of

REF = "#/components/schemas/{name}"
FROM_THE_PATH = {"PUT": ("name", "itemId")}
ABOUT = (
    "Self-hosted personalization that says its bets openly. Send `Authorization: Bearer KEY`, or "
    "Basic with the key as the user name. A public key may send events and ask decisions; "
    "everything else needs the secret key. Every error is an RFC 9457 problem."
)
_PART = re.compile(r"{(\w+)}")


def describe(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document."""
    kinds = _kinds(operations)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    schema_of = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _operation(operation, schema_of, components)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "wager", "version": version, "description": ABOUT},
        "paths": paths,
        "security": [{"bearer": []}, {"basic": []}],
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _kinds(operations: Sequence[Operation]) -> list[Any]:
    found: dict[int, Any] = {id(Problem): Problem}
    for operation in operations:
        body = operation.body.kind if operation.body is not None else None
        for kind in (*_answers(operation), operation.query, body):
            if kind is not None:
                found[id(kind)] = kind
    return list(found.values())


def _operation(
    operation: Operation, schema_of: dict[int, Any], components: dict[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", operation.name).strip("_"),
        "summary": operation.summary,
        "tags": [_tag(operation.path)],
        "responses": _responses(operation, schema_of),
    }
    parameters = [_path_part(name) for name in _PART.findall(operation.path)]
    if operation.query is not None:
        parameters += _parameters(schema_of[id(operation.query)], components)
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        schema = _body_schema(operation, schema_of[id(operation.body.kind)], components)
        described["requestBody"] = {
            "required": operation.body.needed,
            "content": {
                media: {"schema": _for_media(media, schema)} for media in _media(operation)
            },
        }
    if operation.access == "open":
        described["security"] = []
    return described


def _tag(path: str) -> str:
    segments = path.strip("/").split("/")
    return segments[1] if segments[0] == "v1" else "server"


def _media(operation: Operation) -> tuple[str, ...]:
    return operation.body.media if operation.body is not None else ()


def _for_media(media: str, schema: dict[str, Any]) -> dict[str, Any]:
    """NDJSON and text/plain are text to a description; what stands in the text is said in words."""
    if media == "application/json":
        return schema
    said = "one JSON object a line" if "json" in media else "the same JSON, as text"
    return {"type": "string", "description": said}


def _path_part(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }


def _parameters(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    properties = components[schema["$ref"].rpartition("/")[2]]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": _not_null(one)}
        for name, one in properties.items()
    ]


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is the only null that a query knows."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if kinds:
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if "enum" in schema:
        return {"enum": [one for one in schema["enum"] if one is not None]}
    return schema


def _body_schema(
    operation: Operation, schema: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    """What the path says already, the body need not say again."""
    known = FROM_THE_PATH.get(operation.method, ())
    if "$ref" not in schema or not known:
        return schema
    whole: dict[str, Any] = dict(components[schema["$ref"].rpartition("/")[2]])
    whole["required"] = [name for name in whole.get("required", ()) if name not in known]
    return whole


def _answers(operation: Operation) -> tuple[Any, ...]:
    """The types of a good answer: one, or (by what was asked) one of several."""
    return operation.answer if isinstance(operation.answer, tuple) else (operation.answer,)


def _responses(operation: Operation, schema_of: dict[int, Any]) -> dict[str, Any]:
    answers = [schema_of[id(kind)] for kind in _answers(operation)]
    answered = answers[0] if len(answers) == 1 else {"anyOf": answers}
    media = operation.media.partition(";")[0]
    found: dict[str, Any] = {
        "200": {"description": "Done", "content": {media: {"schema": answered}}}
    }
    problem = {"application/problem+json": {"schema": schema_of[id(Problem)]}}
    for status in sorted(_problems(operation)):
        found[str(status)] = {"description": title_of(status), "content": problem}
    if "429" in found:
        found["429"]["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait"}
        }
    return found


def _problems(operation: Operation) -> set[int]:
    found = set(operation.problems)
    if operation.access != "open":
        found |= {401, 403, 429, 503}
    if operation.query is not None or operation.body is not None:
        found |= {400, 422}
    if "{" in operation.path:
        found |= {400, 404} if operation.method != "PUT" else {400}
    return found
