"""The API's documentation as one page that needs neither a network nor a script."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
details { border-top: 1px solid #8886; padding: .4rem 0 }
summary { cursor: pointer; overflow-wrap: anywhere }
code { font-size: .95em } .method { display: inline-block; min-width: 4.5rem; font-weight: 700 }
table { border-collapse: collapse; margin: .5rem 0 } caption { text-align: left; font-weight: 600 }
td, th { text-align: left; vertical-align: top; padding: .15rem 1rem .15rem 0 }
"""


class Operation(NamedTuple):
    tag: str
    method: str
    path: str
    spec: Mapping[str, Any]


class PlainPage(OpenAPIRenderPlugin):
    """Lists every operation with its parameters, body and answers."""

    def __init__(self) -> None:
        super().__init__(path="/operations")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return page(openapi_schema).encode()


def page(schema: Mapping[str, Any]) -> str:
    info = schema["info"]
    title = escape(f"{info['title']} {info['version']}")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>",
        "<p>Send an access token or an API key: <code>Authorization: Bearer …</code>."
        ' The same as a document: <a href="/schema/openapi.json">openapi.json</a>.</p>',
    ]
    ordered = sorted(_operations(schema), key=lambda o: (o.tag, o.path, METHODS.index(o.method)))
    for tag, members in groupby(ordered, key=lambda o: o.tag):
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts.extend(map(_operation, members))
    return "".join([*parts, "</body></html>"])


def _operations(schema: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in schema["paths"].items():
        for method in METHODS:
            if spec := item.get(method):
                yield Operation((spec.get("tags") or ["other"])[0], method, path, spec)


def _operation(operation: Operation) -> str:
    spec = operation.spec
    head = f'<span class="method">{operation.method.upper()}</span>'
    text = spec.get("description") or spec.get("summary") or ""
    parameters = [
        (p["name"], p["in"] + (", required" if p.get("required") else ""), p.get("description", ""))
        for p in spec.get("parameters", ())
    ]
    answers = [(code, a.get("description", "")) for code, a in sorted(spec["responses"].items())]
    body = spec.get("requestBody", {}).get("content", {}).get("application/json", {})
    return (
        f"<details><summary>{head} <code>{escape(operation.path)}</code></summary>"
        f"<p>{escape(text)}</p><p>operation <code>{escape(spec['operationId'])}</code></p>"
        f"{_body(body.get('schema', {}))}"
        f"{_table('Parameters', parameters)}{_table('Answers', answers)}</details>"
    )


def _body(schema: Mapping[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f"<p>body <code>{escape(name)}</code></p>" if name else ""


def _table(caption: str, rows: list[Any]) -> str:
    if not rows:
        return ""
    cells = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    lines = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<table><caption>{caption}</caption>{lines}</table>"
