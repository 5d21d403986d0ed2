"""Descriptions of the OpenAPI document, read from where the code has them.

A field is described by the text below it, a body by its docstring and its EXAMPLE. Python drops the
texts below fields, so they are read from the source, once, when somebody first asks for the
document. As arguments of `msgspec.Meta` they would cost every start of an API and of a worker some
40 ms and hide the types among the words.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from litestar.openapi.spec import Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition


class DescribeStructs(OpenAPISchemaPlugin):
    """Adds descriptions and examples to what Litestar's own plugin makes of a Struct."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return not field_definition.is_union and field_definition.is_subclass_of(msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        kind = field_definition.origin or field_definition.annotation
        own = next(
            plugin
            for plugin in schema_creator.plugins
            if plugin is not self and schema_creator.plugin_supports_field(plugin, field_definition)
        )
        schema = own.to_openapi_schema(field_definition, schema_creator)
        assert isinstance(schema, Schema)
        schema.description = text_of(kind)
        if (example := vars(kind).get("EXAMPLE")) is not None:
            schema.examples = [example]
        for name, text in texts_of_fields(kind).items():
            part = (schema.properties or {}).get(name)
            if isinstance(part, Schema | Reference):
                part.description = text
        return schema


def text_of(kind: type) -> str | None:
    """The docstring of a class; None where it has none of its own."""
    text = vars(kind).get("__doc__")
    return None if text is None else inspect.cleandoc(text)


def texts_of_fields(kind: type) -> dict[str, str]:
    """The text below each field of a Struct and its bases, by the name that JSON has."""
    config = kind.__struct_config__  # type: ignore[attr-defined]  # every Struct has it
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        texts |= _texts_of_module(base.__module__).get(base.__qualname__, {})
    fields = msgspec.structs.fields(kind)
    found = {f.encode_name: texts[f.name] for f in fields if f.name in texts}
    if config.tag_field is not None:
        found[config.tag_field] = f"Says which kind of object this is: always {config.tag}."
    return found


@cache
def _texts_of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """Text below each annotated name, by class; nothing where no source is at hand."""
    try:
        source = inspect.getsource(sys.modules[name])
    except (KeyError, OSError, TypeError):
        return {}
    classes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))
    return {node.name: dict(_texts(node.body)) for node in classes}


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id, " ".join(text.value.value.split())
