"""Fluoro's runtime client for Python: asks the Runtime API for events and hands them to the function's handler.

Run as `python3 -u client.py {module.function}`. Behaves as AWS's own client does, where a function or its caller can
tell: names and texts of errors, the context object, the form of log lines, exit statuses.
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

BASE = "/2018-06-01/runtime"
CAUSE_LIMIT = 1024 * 1024
# A carriage return keeps a message with several lines one log event; a plain space would be cut from the front.
LINE, INDENT = "\r", "\u00a0\u00a0"


class Refused(Exception):
    """The function cannot be loaded, for a reason that has a name of its own."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace or []


class RuntimeApi:
    """One connection, kept; there is no time limit on waiting for the next event."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, BASE + path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def next(self):
        status, headers, body = self.call("GET", "/invocation/next")
        if status != 200:
            raise ConnectionError(f"the Runtime API answered {status}: {body!r}")
        return headers, body

    def respond(self, request_id, body):
        status, _, _ = self.call("POST", f"/invocation/{request_id}/response", body, JSON)
        # 413 is told to the caller by the Runtime API itself.
        if status not in (202, 413):
            raise ConnectionError(f"the Runtime API refused the response: {status}")

    def fail(self, path, error, cause=None):
        headers = dict(JSON)
        if cause is not None:
            text = json.dumps(cause)
            if len(text) < CAUSE_LIMIT:
                headers["Lambda-Runtime-Function-XRay-Error-Cause"] = text
        if path == "/init/error":
            headers["Lambda-Runtime-Function-Error-Type"] = error["errorType"]
        self.call("POST", path, json.dumps(error, ensure_ascii=False).encode("utf-8", "surrogatepass"), headers)


JSON = {"Content-Type": "application/json"}


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, given):
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class Client:
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, given):
        for name in self.__slots__:
            setattr(self, name, given.get(name))


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __init__(self, given):
        self.custom = given.get("custom")
        self.env = given.get("env")
        self.client = Client(given["client"]) if isinstance(given.get("client"), dict) else None


class LambdaContext:
    """What a handler gets as its second argument."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        client_context = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = ClientContext(_utf8(client_context)) if client_context else None
        identity = headers.get("Lambda-Runtime-Cognito-Identity")
        self.identity = CognitoIdentity(_utf8(identity) if identity else {})
        self._epoch_deadline_time_in_ms = int(headers.get("Lambda-Runtime-Deadline-Ms") or 0)

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        shown = [name for name in vars(self) if not name.startswith("_")]
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in shown) + "])"


def _utf8(header):
    """JSON of a header; `http.client` reads headers as Latin-1."""
    return json.loads(header.encode("latin-1").decode("utf-8", "replace"))


class LogHandler(logging.Handler):
    """The root logger's handler: `[LEVEL]\\t{time}Z\\t{request id}\\t{text}`."""

    request_id = None

    def __init__(self):
        super().__init__()
        self.addFilter(self._stamp)
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def _stamp(self, record):
        record.aws_request_id = LogHandler.request_id or ""
        return True

    def emit(self, record):
        try:
            sys.stdout.write(self.format(record).replace("\n", LINE) + "\n")
        except Exception:
            self.handleError(record)


def load(handler):
    """The function that a handler string names: `pkg/module.function` or `pkg.module.function`."""
    try:
        module_name, name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Refused("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Refused(
            "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Refused("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        line = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise Refused("Runtime.UserCodeSyntaxError", message, [line]) from error
    try:
        return getattr(module, name)
    except AttributeError:
        message = f"Handler '{name}' missing on module '{module_name}'"
        raise Refused("Runtime.HandlerNotFound", message) from None


def frames(error):
    """The stack of an exception below this file, outermost first."""
    found = traceback.extract_tb(error.__traceback__)
    own = [index for index, frame in enumerate(found) if frame.filename == __file__]
    return found[own[-1] + 1 :] if own else found


def described(error, request_id=""):
    """The error document that the caller gets."""
    if isinstance(error, Refused):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        kind, message = type(error).__name__, str(error)
        trace = [
            f'  File "{one.filename}", line {one.lineno}, in {one.name}\n    {one.line}\n' for one in frames(error)
        ]
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def cause(error, document):
    """The same error as X-Ray records it."""
    stack = [{"label": one.name, "path": one.filename, "line": one.lineno} for one in frames(error)]
    exception = {"type": document["errorType"], "message": document["errorMessage"], "stack": stack}
    paths = sorted({one["path"] for one in stack})
    return {"working_directory": os.getcwd(), "exceptions": [exception], "paths": paths}


def log_error(document):
    """Writes the error as one log event."""
    lines = [f"[ERROR] {document['errorType']}: {document['errorMessage']}"]
    if document["stackTrace"]:
        lines.append("Traceback (most recent call last):")
    for frame in document["stackTrace"]:
        for line in frame.splitlines():
            rest = line.lstrip(" ")
            lines.append(INDENT * ((len(line) - len(rest)) // 2) + rest)
    sys.stdout.write(LINE.join(lines).replace("\n", LINE) + "\n")


def plain(value):
    """What JSON has no form for."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def marshalled(result):
    try:
        return json.dumps(result, default=plain, ensure_ascii=False).encode()
    except Exception as error:
        raise Refused("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def unmarshalled(body):
    try:
        return json.loads(body)
    except Exception as error:
        raise Refused("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def serve(api, handler):
    while True:
        headers, body = api.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        LogHandler.request_id = request_id
        trace = headers.get("Lambda-Runtime-Trace-Id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            result = marshalled(handler(unmarshalled(body), LambdaContext(headers)))
        except Exception as error:
            document = described(error, request_id)
            log_error(document)
            api.fail(f"/invocation/{request_id}/error", document, cause(error, document))
        else:
            api.respond(request_id, result)


def main():
    root = os.environ["LAMBDA_TASK_ROOT"]
    # The first entry is this file's own directory: the function's code takes its place.
    sys.path[0] = root
    logging.getLogger().addHandler(LogHandler())
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(sys.argv[1])
    except Exception as error:
        document = described(error)
        log_error(document)
        api.fail("/init/error", document, cause(error, document))
        sys.exit(1)
    serve(api, handler)


if __name__ == "__main__":
    main()
