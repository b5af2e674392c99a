"""What the conformance vectors show, read from their files: inputs of their requests, values of their expectations."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Iterator

from botocore.model import Shape

from evidence import MADE_UP, Evidence
from model import Item, service

FOLDER = Path(__file__).resolve().parents[2] / "conformance" / "xray"
sys.path.insert(0, str(FOLDER))

from conform.template import names  # noqa: E402

# Words that say something of the value itself, of one of several, of a list's elements, of a plain value. The others
# ($any, $type, $absent, $not, $excludes) say nothing that counts here.
WHOLE = ("$subset", "$exact", "$unordered", "$contains")
CHOICES = ("$oneof", "$all")
ELEMENTS = ("$each", "is", "of")
VALUES = ("$approx", "$range", "$multiple", "$regex", "$document", "$repeat")


def evidence(pending: set[str]) -> Evidence:
    """Of all vectors but the pending ones."""
    found, model = Evidence(), service()
    for file in sorted((FOLDER / "vectors").glob("*.json")):
        content = json.loads(file.read_text())
        for vector in content["vectors"]:
            if vector["id"] in pending:
                continue
            given = content.get("given", {}).get(vector.get("given"), {})
            for step in [*given.get("steps", []), *vector["steps"]]:
                if step.get("op") in model.operation_names:
                    read_step(found, step, model.operation_model(step["op"]), vector["id"])
    return found


def read_step(found: Evidence, step: dict, operation, vector: str) -> None:
    expect = step.get("expect", {})
    if error := expect.get("error"):
        found.add(Item(operation.name, "error", error), vector)
        return
    if expect.get("status", 200) != 200:
        return
    for path, _ in values(step.get("body", {}), operation.input_shape):
        found.add(Item(operation.name, "input", path), vector)
    for path, value in values(expect.get("body", {}), operation.output_shape):
        found.add(Item(operation.name, "output", path), vector, value)


def values(template: Any, shape: Shape, path: str = "") -> Iterator[tuple[str, Any]]:
    """The members that a template names, with what it says there."""
    if shape is None:
        return
    if isinstance(template, dict) and ("is" in template or any(word[0] == "$" and word[1:2] != "{" for word in template)):
        yield from matcher(template, shape, path)
    elif shape.type_name == "structure" and isinstance(template, dict):
        for name, member in shape.members.items():
            if name in template:
                yield from values(template[name], member, f"{path}.{name}" if path else name)
    elif path.endswith("Segments") and isinstance(template, dict):
        yield from ((f"{path}[].{name}", MADE_UP) for name in ("Id", "Document") if template)
    elif shape.type_name == "list" and isinstance(template, (list, dict)):
        for element in template.values() if isinstance(template, dict) else template:
            yield from values(element, shape.member, path + "[]")
    elif shape.type_name == "map" and isinstance(template, dict):
        for element in template.values():
            yield from values(element, shape.value, path + "{}")
    elif shape.type_name not in ("structure", "list", "map"):
        # A time that is not near the epoch is of this run, and so is whatever has a hole.
        of_this_run = shape.type_name == "timestamp" and isinstance(template, (int, float)) and template > 1e9
        yield path, MADE_UP if of_this_run or names(template) else json.dumps(template, sort_keys=True)


def matcher(template: dict, shape: Shape, path: str) -> Iterator[tuple[str, Any]]:
    """The same where the template is a word of the vectors' language."""
    for word in WHOLE:
        if word in template:
            yield from values(template[word], shape, path)
    for word in CHOICES:
        for one in template.get(word, ()):
            yield from values(one, shape, path)
    if shape.type_name == "list":
        for word in ELEMENTS:
            if word in template:
                yield from values(template[word], shape.member, path + "[]")
        if "$sum" in template:
            yield f"{path}[].{template['$sum']}", MADE_UP
    elif shape.type_name not in ("structure", "map"):
        said = {word: template[word] for word in VALUES if word in template}
        if said:
            yield path, MADE_UP if names(said) else json.dumps(said, sort_keys=True)
