"""The runtime of python functions: loads the handler, then takes one event after the other from the Runtime API (Lambda
developer guide, "Building a custom runtime", and "Define Lambda function handler in Python")."""

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
IS_JSON_LOG = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


class RuntimeApi:
    """One kept connection. What breaks it is Busbar's end, which is ours."""

    def __init__(self, address):
        authority, _, self.prefix = address.partition("/")
        self.connection = http.client.HTTPConnection(authority)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, "/" + self.prefix + BASE + path, body, headers or {})
        response = self.connection.getresponse()
        return response.headers, response.read()

    def post(self, path, value, headers=None):
        sys.stdout.flush()
        sys.stderr.flush()
        body = value.encode("utf-8")
        self.call("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


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
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        client = headers.get("Lambda-Runtime-Client-Context")
        identity = headers.get("Lambda-Runtime-Cognito-Identity")
        self.client_context = None if client is None else ClientContext(json.loads(client))
        self.identity = Identity({} if identity is None else json.loads(identity))
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

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
    api.post("/init/error", json.dumps(value), {"Lambda-Runtime-Function-Error-Type": value["errorType"]})
    sys.exit(1)


def run_once(api, handler, logged):
    headers, body = api.call("GET", "/invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    logged.request_id = request_id
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
    path = "/invocation/" + request_id
    try:
        answer = dump(handler(json.loads(body), Context(headers)))
    except SystemExit:
        raise
    except BaseException as error:
        value = error_of(error, request_id)
        log_error(error, value)
        api.post(path + "/error", json.dumps(value), {"Lambda-Runtime-Function-Error-Type": value["errorType"]})
        return
    api.post(path + "/response", answer)


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
    while True:
        run_once(api, handler, logged)


main()
