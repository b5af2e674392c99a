"""What tests have shown of the items: which test, and which values it asserted there.

An output member is shown when values were asserted there that differ, or one that a run makes up: an answer that is
always the same would not pass. An input member is shown when a call with it succeeded; an error when a call got it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from model import Item

MADE_UP = object()


@dataclass
class Shown:
    tests: dict[str, None] = field(default_factory=dict)
    values: set = field(default_factory=set)


class Evidence:
    def __init__(self) -> None:
        self._shown: dict[Item, Shown] = defaultdict(Shown)

    def add(self, item: Item, test: str, value=MADE_UP) -> None:
        shown = self._shown[item]
        shown.tests.setdefault(test)
        shown.values.add(value)

    def tests(self, item: Item) -> list[str]:
        """The tests that show the item; none when what they asserted could be a constant."""
        shown = self._shown.get(item)
        if not shown:
            return []
        varies = item.part != "output" or MADE_UP in shown.values or len(shown.values) > 1
        return list(shown.tests) if varies else []

    def constant(self, item: Item) -> bool:
        """Whether tests assert it, but only ever one value."""
        return item in self._shown and not self.tests(item)

    def merge(self, other: Evidence) -> None:
        for item, shown in other._shown.items():
            self._shown[item].tests |= shown.tests
            self._shown[item].values |= shown.values

    def to_json(self) -> list:
        return [
            [item.operation, item.part, item.path, list(shown.tests), [None if value is MADE_UP else value for value in shown.values]]
            for item, shown in self._shown.items()
        ]

    @classmethod
    def from_json(cls, lines: list) -> Evidence:
        evidence = cls()
        for operation, part, path, tests, values in lines:
            shown = evidence._shown[Item(operation, part, path)]
            shown.tests = dict.fromkeys(tests)
            shown.values = {MADE_UP if value is None else value for value in values}
        return evidence
