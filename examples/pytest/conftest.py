"""Busbar has to run: start it with `npm start`, or give its address in AWS_ENDPOINT_URL."""
import json
import os
import urllib.request

import boto3
import pytest

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")


def control(path, body=None):
    """Asks a control route, such as `clock` or `reset`."""
    data = json.dumps(body or {}).encode()
    request = urllib.request.Request(f"{ENDPOINT}/_busbar/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture
def sqs():
    control("reset")
    return boto3.client(
        "sqs",
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="busbar",
    )
