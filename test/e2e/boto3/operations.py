"""Calls every operation of the REST services with the least input its model allows; prints those that were not understood."""
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SERVICES = ("apigateway", "apigatewayv2", "lambda", "pipes", "scheduler")
NOT_UNDERSTOOD = ("InternalFailure", "InvalidAction", "MissingAction", "NotImplemented", "UnknownOperationException")


def least(shape, depth=0):
    kind = shape.type_name
    if kind == "structure":
        return {name: least(shape.members[name], depth + 1) for name in shape.required_members if depth < 6}
    if kind == "list":
        return [least(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 1))
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
    number = max(1, shape.metadata.get("min", 1))
    return {"map": {}, "blob": b"{}", "boolean": True, "timestamp": 0}.get(kind, number)


called = 0
failed = []
for service in SERVICES:
    config = Config(parameter_validation=False, retries={"max_attempts": 0})
    client = boto3.client(service, config=config)
    for method, name in client.meta.method_to_api_mapping.items():
        shape = client.meta.service_model.operation_model(name).input_shape
        called += 1
        try:
            getattr(client, method)(**({} if shape is None else least(shape)))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            # A code of digits is botocore's own, for an answer that it could not read.
            if code.isdigit() or status >= 500 or code in NOT_UNDERSTOOD:
                failed.append(f"{service} {name}: {status} {code}")
print(json.dumps({"called": called, "failed": failed}))
