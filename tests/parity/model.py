"""The X-Ray API as botocore models it: every operation, input member, output member and error, each one item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

import botocore.session
from botocore.model import Shape


@dataclass(frozen=True, order=True)
class Item:
    """`part` is input, output or error; a path spells lists `[]` and maps `{}`: `Groups[].GroupName`."""

    operation: str
    part: str
    path: str

    def __str__(self) -> str:
        return f"{self.operation}/{self.part}/{self.path}"


def service():
    return botocore.session.get_session().get_service_model("xray")


def leaves(shape: Shape | None, path: str = "", within: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths of all members that hold a value of their own."""
    if shape is None or shape.name in within:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from leaves(member, f"{path}.{name}" if path else name, (*within, shape.name))
    elif shape.type_name == "list":
        yield from leaves(shape.member, path + "[]", within)
    elif shape.type_name == "map":
        yield from leaves(shape.value, path + "{}", within)
    else:
        yield path


def items() -> dict[str, list[Item]]:
    """All items, by operation."""
    model, found = service(), {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        found[name] = [
            *(Item(name, "input", path) for path in leaves(operation.input_shape)),
            *(Item(name, "output", path) for path in leaves(operation.output_shape)),
            *(Item(name, "error", error.name) for error in operation.error_shapes),
        ]
    return found
