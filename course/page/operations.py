"""What a stage's form asks for, and its command, from the stage's OpenAPI."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

EMAIL = "ada@example.com"
VALUES = {"email": EMAIL, "task_name": "report"}
METHODS = ("get", "post", "put", "patch", "delete")
NAME = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Operation:
    """One operation: its path, and values with which it can be tried."""

    method: str
    path: str
    values: Mapping[str, str]  # for each name in the path
    body: str  # JSON; empty if it takes none

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.method} {self.path}"

    def target(self, values: Mapping[str, str]) -> str:
        """Return the path with these values in place of the names."""
        return NAME.sub(
            lambda name: quote(values.get(name[1], ""), safe="@"), self.path
        )

    def curl(self, base: str) -> str:
        """Return the command that does the same; `base` is an address."""
        target = f"{base}{self.target(self.values)}"
        if self.body:
            return f"curl {target} \\\n  --json '{self.body}'"
        if self.method == "GET":
            return f"curl {target}"
        return f"curl -X {self.method} {target}"


def example_of(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """Return a value that a schema takes, as plain as can be."""
    if name := schema.get("$ref", "").removeprefix("#/components/schemas/"):
        return example_of(components[name], components)
    if schema.get("format") == "email":
        return EMAIL
    if schema.get("type") == "array":
        return [example_of(schema["items"], components)]
    if schema.get("type") == "object":
        fields = schema.get("properties", {}).items()
        return {name: example_of(of, components) for name, of in fields}
    plain = {"integer": 1, "number": 1.5, "boolean": True}
    return plain.get(
        schema.get("type", ""), f"Hello {schema.get('title', '')}"
    )


def operations(openapi: dict[str, Any]) -> list[Operation]:
    """Return each operation of a stage, the one that it adds first."""
    components = openapi.get("components", {}).get("schemas", {})
    found = []
    for path, methods in openapi["paths"].items():
        for method in METHODS:
            if method not in methods:
                continue
            body = ""
            if content := methods[method].get("requestBody"):
                schema = content["content"]["application/json"]["schema"]
                body = json.dumps(example_of(schema, components))
            values = {
                name: VALUES.get(name, "1") for name in NAME.findall(path)
            }
            found.append(Operation(method.upper(), path, values, body))
    posts = [one for one in found if one.method == "POST"]
    return [*reversed(posts), *(one for one in found if one not in posts)]
