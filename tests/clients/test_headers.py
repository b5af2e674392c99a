"""Names of headers leave as AWS spells them, and a function's own as the function does."""

from __future__ import annotations

import http.client

from tools import archive, make_api, make_function, make_role

CODE = """
def handler(event, context):
    return {"statusCode": 200, "headers": {"X-mY-Own": "1", "Date": "today", "ETag": "e"}, "body": "{}"}
"""


def names(server, path: str) -> list[str]:
    connection = http.client.HTTPConnection(server.listeners["listen"], timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return [name for name, _ in answer.getheaders()]


def test_names_are_spelt_as_aws_spells_them(server, boto):
    api, _ = make_api(boto, make_function(boto, make_role(boto), archive(app__py=CODE)))
    seen = names(server, f"/_aws/execute-api/{api}/dev/x")
    expected = {"Content-Type", "Content-Length", "Date", "X-Amzn-Trace-Id", "x-amzn-RequestId", "x-amz-apigw-id"}
    assert expected | {"X-mY-Own", "ETag", "x-amzn-Remapped-Date"} == set(seen)
    refused = names(server, f"/_aws/execute-api/{api}/nowhere/x")
    assert {"Content-Type", "x-amzn-RequestId", "x-amzn-ErrorType", "x-amz-apigw-id"} <= set(refused)
