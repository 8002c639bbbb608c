"""The runtime of python functions: loads the handler, then takes one event after the other from the Runtime API (Lambda
developer guide, "Building a custom runtime", and "Define Lambda function handler in Python")."""

import decimal
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

BASE = "/2018-06-01/runtime"
IS_JSON_LOG = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


class RuntimeApi:
    """
    One kept connection, whose answers all declare their length. Python's own client sends head and body apart and reads
    headers with its parser for mail, which costs several times as much as the rest of a short invocation. What breaks the
    connection is Busbar's end, which is ours.
    """

    def __init__(self, address):
        self.authority, _, self.prefix = address.partition("/")
        host, _, port = self.authority.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def get_next(self, answer=b""):
        """Sends the answer to the last event, if there is one, and waits for the next event."""
        self.socket.sendall(answer + self.request("GET", "/invocation/next"))
        if answer:
            self.read()
        return self.read()

    def answer(self, path, text):
        """The bytes that answer an event. They are sent with the question for the next one."""
        sys.stdout.flush()
        sys.stderr.flush()
        return self.request("POST", path, text.encode("utf-8"))

    def fail_init(self, value):
        sys.stdout.flush()
        sys.stderr.flush()
        self.socket.sendall(self.request("POST", "/init/error", json.dumps(value).encode("utf-8")))
        self.read()

    def request(self, method, path, body=b""):
        head = "%s /%s%s%s HTTP/1.1\r\nHost: %s\r\n" % (method, self.prefix, BASE, path, self.authority)
        if method == "POST":
            head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        return head.encode("latin-1") + b"\r\n" + body

    def read(self):
        """Headers, by their names in lower case, and body of an answer."""
        headers = {}
        if self.file.readline() == b"":
            raise ConnectionError("The Runtime API is gone.")
        while True:
            line = self.file.readline().decode("latin-1").rstrip("\r\n")
            if line == "":
                return headers, self.file.read(int(headers["content-length"]))
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()


class ClientContext:
    def __init__(self, value):
        client = value.get("client")
        self.custom = value.get("custom")
        self.env = value.get("env")
        self.client = None if client is None else Client(client)


class Client:
    def __init__(self, value):
        self.installation_id = value.get("installation_id", value.get("installationId"))
        self.app_title = value.get("app_title", value.get("appTitle"))
        self.app_version_name = value.get("app_version_name", value.get("appVersionName"))
        self.app_version_code = value.get("app_version_code", value.get("appVersionCode"))
        self.app_package_name = value.get("app_package_name", value.get("appPackageName"))


class Identity:
    def __init__(self, value):
        self.cognito_identity_id = value.get("cognitoIdentityId")
        self.cognito_identity_pool_id = value.get("cognitoIdentityPoolId")


class Context:
    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        client = headers.get("lambda-runtime-client-context")
        identity = headers.get("lambda-runtime-cognito-identity")
        self.client_context = None if client is None else ClientContext(json.loads(client))
        self.identity = Identity({} if identity is None else json.loads(identity))
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, text):
        write(str(text))


class Logged(logging.Handler):
    """Lines of the logging module, in the form AWS gives them."""

    request_id = None

    def emit(self, record):
        message = self.format(record)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        if IS_JSON_LOG:
            entry = {"timestamp": stamp + "Z", "level": record.levelname, "message": record.getMessage()}
            entry.update({"logger": record.name, "requestId": self.request_id})
            if record.exc_info:
                entry["errorType"] = record.exc_info[0].__name__
                entry["errorMessage"] = str(record.exc_info[1])
                entry["stackTrace"] = traceback.format_tb(record.exc_info[2])
            write(json.dumps(entry))
        else:
            write("[%s]\t%s.%03dZ\t%s\t%s" % (record.levelname, stamp, record.msecs, self.request_id or "", message))


def write(text):
    """One message is one line: a carriage return stands for each line feed in it."""
    sys.stdout.write(text.replace("\n", "\r") + "\n")


class HandlerError(Exception):
    def __init__(self, error_type, message, stack=None):
        super().__init__(message)
        self.error_type = error_type
        self.stack = stack or []


def load(name):
    path, _, function = name.rpartition(".")
    if path == "":
        raise HandlerError("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    module_name = path.replace("/", ".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise HandlerError("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (path, error))
    except SyntaxError as error:
        stack = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise HandlerError("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (path, error), stack)
    if not hasattr(module, function):
        raise HandlerError("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, path))
    return getattr(module, function)


def error_of(error, request_id):
    if isinstance(error, HandlerError):
        return {"errorMessage": str(error), "errorType": error.error_type, "requestId": request_id, "stackTrace": error.stack}
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(own),
    }


def log_error(error, value):
    lines = "".join(value["stackTrace"])
    if IS_JSON_LOG:
        write(json.dumps({"level": "ERROR", **value}))
    else:
        write("[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (value["errorType"], value["errorMessage"], lines))


def dump(value):
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=unserialisable)
    except (TypeError, ValueError, OverflowError) as error:
        raise HandlerError("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def unserialisable(value):
    if isinstance(value, decimal.Decimal):
        raise TypeError("Object of type Decimal is not JSON serializable")
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def fail_init(api, error):
    value = error_of(error, "")
    log_error(error, value)
    api.fail_init(value)
    sys.exit(1)


def run_once(api, handler, logged, answer):
    """Takes the next event, for which the answer to the one before leaves, and makes its answer."""
    headers, body = api.get_next(answer)
    request_id = headers["lambda-runtime-aws-request-id"]
    logged.request_id = request_id
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
    path = "/invocation/" + request_id
    try:
        return api.answer(path + "/response", dump(handler(json.loads(body), Context(headers))))
    except SystemExit:
        raise
    except BaseException as error:
        value = error_of(error, request_id)
        log_error(error, value)
        return api.answer(path + "/error", json.dumps(value))


def main():
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    sys.path[:] = [place for place in sys.path if place != os.path.dirname(os.path.abspath(__file__))]
    logged = Logged()
    logging.getLogger().addHandler(logged)
    try:
        handler = load(os.environ["_HANDLER"])
    except SystemExit:
        raise
    except BaseException as error:
        fail_init(api, error)
    answer = b""
    while True:
        answer = run_once(api, handler, logged, answer)


main()
