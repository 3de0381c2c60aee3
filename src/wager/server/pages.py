"""The page at /docs: the API for people, on one page that fetches nothing."""

from collections.abc import Sequence
from html import escape
from typing import Any

from wager.server.operations import Operation

STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}h2{margin-top:2.4rem;border-bottom:1px solid var(--line)}
details{border-bottom:1px solid var(--line);padding:.5rem 0}summary{cursor:pointer}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{overflow:auto;padding:.6rem}
b.method{display:inline-block;min-width:4.2rem}.who{opacity:.7}
table{border-collapse:collapse}td,th{text-align:left;padding:.15rem 1rem .15rem 0}
"""
WHO = {"open": "no key", "public": "public or secret key", "secret": "secret key"}


def page(document: dict[str, Any], operations: Sequence[Operation]) -> str:
    """The description as HTML."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for operation in operations:
        described = document["paths"][operation.path][operation.method.lower()]
        groups.setdefault(described["tags"][0], []).append(_entry(operation, described))
    body = "".join(f"<h2>{escape(name)}</h2>{''.join(entries)}" for name, entries in groups.items())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{_words(info['description'])}</p>"
        "<p>For programs: <a href=/openapi.json>openapi.json</a></p>"
        f"{body}</html>"
    )


def _entry(operation: Operation, described: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{_kind(one['schema'])}"
        for one in described.get("parameters", ())
    )
    table = f"<table><tr><th>name<th>in<th>value{rows}</table>" if rows else ""
    takes = "".join(
        f"<p>takes {escape(media)}: {_kind(content['schema'])}"
        for media, content in described.get("requestBody", {}).get("content", {}).items()
    )
    statuses = ", ".join(described["responses"])
    answer = next(iter(described["responses"]["200"]["content"].values()))["schema"]
    return (
        f"<details><summary><b class=method>{operation.method}</b> "
        f"<code>{escape(operation.path)}</code> {escape(operation.summary)} "
        f"<span class=who>({WHO[operation.access]})</span></summary>"
        f"{table}{takes}<p>answers {_kind(answer)}; statuses {statuses}</details>"
    )


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return f"<code>{escape(schema['$ref'].rpartition('/')[2])}</code>"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return escape(str(schema.get("title") or schema.get("format") or schema.get("type", "JSON")))


def _words(text: str) -> str:
    pieces = escape(text).split("`")
    return "".join(f"<code>{one}</code>" if index % 2 else one for index, one in enumerate(pieces))
