"""boto3, and what tests assert of its answers, noted as evidence.

    xray.call("GetGroup", GroupName=name).shows({"Group": {"GroupName": name}})
    xray.refuses("InvalidRequestException", "GetGroup", GroupName="nobody")

Expectations are in the language of the conformance vectors; an answer may have further members.
"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from evidence import Evidence
from model import Item, service
from vectors import values

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "conformance" / "xray"))

from conform.match import difference  # noqa: E402


class XRay:
    """The client of one test."""

    def __init__(self, endpoint: str, test: str, evidence: Evidence):
        session = botocore.session.get_session()
        # Times as the numbers that they are on the wire.
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=lambda time: time)
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
        self._client = boto3.Session(botocore_session=session).client("xray", endpoint_url=endpoint, config=config)
        self._test, self._evidence, self._model = test, evidence, service()
        self._methods = {name: method for method, name in self._client.meta.method_to_api_mapping.items()}

    def call(self, operation: str, **members) -> Answer:
        """The answer; what was sent counts as shown."""
        answer = self._send(operation, members)
        for path, value in values(members, self._model.operation_model(operation).input_shape):
            self._evidence.add(Item(operation, "input", path), self._test, value)
        return Answer(self, operation, answer)

    def refuses(self, error: str, operation: str, message: str | None = None, **members) -> dict:
        """The error's body, of this type and, when given, with this message."""
        try:
            answer = self._send(operation, members)
        except ClientError as refusal:
            assert refusal.response["Error"]["Code"] == error, refusal
            assert message is None or refusal.response["Error"]["Message"] == message, refusal
            self._evidence.add(Item(operation, "error", error), self._test)
            return refusal.response
        raise AssertionError(f"{operation} was to be refused with {error} and answered {answer}")

    def note(self, operation: str, expected) -> None:
        for path, value in values(expected, self._model.operation_model(operation).output_shape):
            self._evidence.add(Item(operation, "output", path), self._test, value)

    def _send(self, operation: str, members: dict) -> dict:
        answer = getattr(self._client, self._methods[operation])(**members)
        answer.pop("ResponseMetadata")
        return answer


class Answer(dict):
    def __init__(self, client: XRay, operation: str, members: dict):
        super().__init__(members)
        self._client, self._operation = client, operation

    def shows(self, expected: dict) -> Answer:
        """Asserts what it names, and notes it."""
        wrong = difference({"$subset": without_nulls(expected)}, dict(self))
        assert wrong is None, f"{self._operation}: {wrong}"
        self._client.note(self._operation, expected)
        return self


def without_nulls(expected):
    """boto3 leaves out what is null on the wire."""
    if isinstance(expected, dict):
        return {name: {"$absent": True} if value is None else without_nulls(value) for name, value in expected.items()}
    return [without_nulls(one) for one in expected] if isinstance(expected, list) else expected
