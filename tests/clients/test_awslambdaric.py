"""AWS's own runtime client for Python in a `provided` function, in place of the one that is built in."""

from __future__ import annotations

import json
import sys

from tools import archive, finished, make_function, make_role, new_root, walk

BOOTSTRAP = f"""#!/bin/sh
cd "$LAMBDA_TASK_ROOT"
exec {sys.executable} -m awslambdaric "$_HANDLER"
"""
SOURCE = """
import os

def handler(event, context):
    if event.get("raise"):
        raise ValueError("no such basket")
    return {"trace": os.environ.get("_X_AMZN_TRACE_ID"), "id": context.aws_request_id, "left": context.get_remaining_time_in_millis()}
"""


def test_it_runs_invocations_and_reports_exceptions(boto):
    role = make_role(boto)
    code = archive(bootstrap=BOOTSTRAP, app__py=SOURCE)
    function = make_function(
        boto, role, code, Runtime="provided.al2023", TracingConfig={"Mode": "Active"},
    )
    name = function["FunctionName"]
    answer = boto.call("lambda", "invoke", FunctionName=name, Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"]
    result = json.loads(answer["Payload"])
    assert result["trace"].startswith("Root=1-") and 0 < result["left"] <= 15_000
    assert result["id"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]

    root = new_root()
    client = boto.client("lambda")
    client.meta.events.register_first(
        "before-sign.lambda.Invoke",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", f"Root={root};Sampled=1"),
        unique_id="ric",
    )
    answer = boto.call("lambda", "invoke", FunctionName=name, Payload=b'{"raise": true}')
    client.meta.events.unregister("before-sign.lambda.Invoke", unique_id="ric")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"])["errorType"] == "ValueError"
    segment = finished(boto, root).one("AWS::Lambda::Function")
    causes = [part["cause"] for part in walk(segment) if isinstance(part.get("cause"), dict)]
    assert causes[0]["exceptions"][0]["message"] == "no such basket"
