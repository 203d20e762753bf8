"""A command to try for each operation, made from a stage's OpenAPI."""

import json
import re
from dataclasses import dataclass
from typing import Any

EMAIL = "ada@example.com"
VALUES = {"email": EMAIL, "task_name": "report"}
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Example:
    """One operation, and how to try it with curl."""

    method: str
    path: str
    curl: str


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


def examples(openapi: dict[str, Any], base: str) -> list[Example]:
    """Return an example for each operation; `base` is the stage's address."""
    components = openapi.get("components", {}).get("schemas", {})
    found = []
    for path, operations in openapi["paths"].items():
        for method in METHODS:
            if method not in operations:
                continue
            filled = re.sub(
                r"{(\w+)}", lambda name: VALUES.get(name[1], "1"), path
            )
            curl = f"curl {base}{filled}"
            if body := operations[method].get("requestBody"):
                schema = body["content"]["application/json"]["schema"]
                data = json.dumps(example_of(schema, components))
                curl += f" \\\n  --json '{data}'"
            elif method != "get":
                curl = f"curl -X {method.upper()} {base}{filled}"
            found.append(Example(method.upper(), path, curl))
    return found
