"""Makes, looks at, changes and deletes every resource type with boto3; prints the names of the checks that held."""
import json

import boto3
from botocore.exceptions import ClientError

ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]
REGION = boto3.session.Session().region_name
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"

held = []


def check(name, condition):
    if not condition:
        raise SystemExit(f"{name} does not hold")
    held.append(name)


def refused(name, code, call):
    try:
        call()
    except ClientError as error:
        check(name, error.response["Error"]["Code"] == code)
        return
    raise SystemExit(f"{name} was not refused")


def queues():
    sqs = boto3.resource("sqs")
    dead = sqs.create_queue(QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.attributes["QueueArn"], "maxReceiveCount": "3"})
    queue = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive}, tags={"a": "b"})
    queue.send_messages(Entries=[{"Id": str(i), "MessageBody": f"m{i}"} for i in range(3)])
    messages = queue.receive_messages(MaxNumberOfMessages=10, AttributeNames=["All"])
    check("queues: messages", sorted(m.body for m in messages) == ["m0", "m1", "m2"])
    for message in messages:
        message.delete()
    queue.set_attributes(Attributes={"VisibilityTimeout": "77"})
    queue.reload()
    check("queues: attributes", queue.attributes["VisibilityTimeout"] == "77")
    client = boto3.client("sqs")
    pages = client.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1})
    check("queues: pages", sum(len(page.get("QueueUrls", [])) for page in pages) == 2)
    sources = client.list_dead_letter_source_queues(QueueUrl=dead.url)["queueUrls"]
    check("queues: sources", sources == [queue.url])
    refused(
        "queues: missing",
        "AWS.SimpleQueueService.NonExistentQueue",
        lambda: client.get_queue_url(QueueName="none"),
    )
    return queue, dead


def topics(queue):
    sns = boto3.resource("sns")
    topic = sns.create_topic(Name="news", Tags=[{"Key": "a", "Value": "b"}])
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["a"]})}
    arn = queue.attributes["QueueArn"]
    subscription = topic.subscribe(Protocol="sqs", Endpoint=arn, Attributes=attributes, ReturnSubscriptionArn=True)
    for kind in ("a", "b"):
        topic.publish(Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    messages = queue.receive_messages(MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    check("topics: filtered", [m.body for m in messages] == ["a"])
    check("topics: attributes", messages[0].message_attributes["kind"]["StringValue"] == "a")
    messages[0].delete()
    topic.set_attributes(AttributeName="DisplayName", AttributeValue="News")
    topic.reload()
    check("topics: display name", topic.attributes["DisplayName"] == "News")
    check("topics: subscriptions", [one.arn for one in topic.subscriptions.all()] == [subscription.arn])
    check("topics: listed", topic.arn in [one.arn for one in sns.topics.all()])
    subscription.delete()
    return topic


def streams():
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks")
    arn = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.put_records(
        StreamName="clicks", Records=[{"Data": b"\x00\xff", "PartitionKey": str(i)} for i in range(4)]
    )
    data = []
    for shard in kinesis.list_shards(StreamName="clicks")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="clicks", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        data += [one["Data"] for one in kinesis.get_records(ShardIterator=iterator)["Records"]]
    check("streams: records", data == [b"\x00\xff"] * 4)
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]
    shards = kinesis.list_shards(StreamName="clicks")["Shards"]
    events = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["ConsumerARN"],
        ShardId=shards[0]["ShardId"],
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]
    first = next(iter(events))
    check("streams: subscription", "SubscribeToShardEvent" in first)
    events.close()
    kinesis.deregister_stream_consumer(StreamARN=arn, ConsumerName="reader")
    kinesis.update_shard_count(StreamName="clicks", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks")
    count = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["OpenShardCount"]
    check("streams: resharded", count == 4)
    refused(
        "streams: missing",
        "ResourceNotFoundException",
        lambda: kinesis.describe_stream_summary(StreamName="none"),
    )
    return arn


def buses(queue):
    events = boto3.client("events")
    events.create_event_bus(Name="shop")
    pattern = json.dumps({"source": ["shop"]})
    events.put_rule(Name="placed", EventBusName="shop", EventPattern=pattern)
    target = {
        "Id": "q",
        "Arn": queue.attributes["QueueArn"],
        "InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"order": <id>}'},
    }
    events.put_targets(Rule="placed", EventBusName="shop", Targets=[target])
    listed = events.list_targets_by_rule(Rule="placed", EventBusName="shop")["Targets"]
    check("buses: targets", listed == [target])
    entry = {"EventBusName": "shop", "Source": "shop", "DetailType": "d", "Detail": json.dumps({"id": 7})}
    check("buses: put", events.put_events(Entries=[entry])["FailedEntryCount"] == 0)
    messages = queue.receive_messages(WaitTimeSeconds=20)
    check("buses: delivered", json.loads(messages[0].body) == {"order": 7})
    messages[0].delete()
    arn = events.describe_event_bus(Name="shop")["Arn"]
    events.create_archive(ArchiveName="all", EventSourceArn=arn)
    check("buses: archive", events.describe_archive(ArchiveName="all")["State"] == "ENABLED")
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}
    connection = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)
    destination = events.create_api_destination(
        Name="d",
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint="https://example.com",
        HttpMethod="POST",
    )
    check("buses: destination", destination["ApiDestinationState"] == "ACTIVE")
    events.delete_api_destination(Name="d")
    events.delete_connection(Name="c")
    events.delete_archive(ArchiveName="all")
    return arn


def schedules(queue):
    scheduler = boto3.client("scheduler")
    scheduler.create_schedule_group(Name="jobs")
    settings = {
        "Name": "nightly",
        "GroupName": "jobs",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": queue.attributes["QueueArn"], "RoleArn": ROLE, "Input": "{}"},
    }
    scheduler.create_schedule(**settings)
    scheduler.update_schedule(**{**settings, "State": "DISABLED"})
    check("schedules: updated", scheduler.get_schedule(Name="nightly", GroupName="jobs")["State"] == "DISABLED")
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName="jobs")
    check("schedules: pages", [one["Name"] for page in pages for one in page["Schedules"]] == ["nightly"])
    scheduler.delete_schedule(Name="nightly", GroupName="jobs")
    scheduler.delete_schedule_group(Name="jobs")


def pipes(queue, bus):
    client = boto3.client("pipes")
    client.create_pipe(
        Name="p",
        RoleArn=ROLE,
        Source=queue.attributes["QueueArn"],
        Target=bus,
        TargetParameters={"EventBridgeEventBusParameters": {"DetailType": "d", "Source": "s"}},
    )
    check("pipes: running", client.describe_pipe(Name="p")["CurrentState"] == "RUNNING")
    client.stop_pipe(Name="p")
    check("pipes: listed", [one["Name"] for one in client.list_pipes()["Pipes"]] == ["p"])
    client.delete_pipe(Name="p")
    refused("pipes: missing", "NotFoundException", lambda: client.describe_pipe(Name="p"))


def machines(queue):
    sfn = boto3.client("stepfunctions")
    send = {
        "StartAt": "Send",
        "States": {
            "Send": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {"QueueUrl": queue.url, "MessageBody.$": "$.text"},
                "End": True,
            }
        },
    }
    made = sfn.create_state_machine(name="flow", definition=json.dumps(send), roleArn=ROLE, publish=True)
    alias = sfn.create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}],
    )
    arn = sfn.start_execution(stateMachineArn=alias["stateMachineAliasArn"], input=json.dumps({"text": "x"}))[
        "executionArn"
    ]
    messages = queue.receive_messages(WaitTimeSeconds=20)
    check("machines: sent", messages[0].body == "x")
    messages[0].delete()
    while sfn.describe_execution(executionArn=arn)["status"] == "RUNNING":
        pass
    history = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
    types = [event["type"] for page in history for event in page["events"]]
    check("machines: history", types[0] == "ExecutionStarted" and types[-1] == "ExecutionSucceeded")
    activity = sfn.create_activity(name="people")["activityArn"]
    quick = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    express = sfn.create_state_machine(name="quick", definition=quick, roleArn=ROLE, type="EXPRESS")
    check("machines: validated", sfn.validate_state_machine_definition(definition=quick)["result"] == "OK")
    sfn.delete_activity(activityArn=activity)
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias["stateMachineAliasArn"])
    for machine in (made, express):
        sfn.delete_state_machine(stateMachineArn=machine["stateMachineArn"])


work, dead_letters = queues()
news = topics(work)
stream = streams()
shop = buses(work)
schedules(work)
pipes(work, shop)
machines(work)
boto3.client("events").remove_targets(Rule="placed", EventBusName="shop", Ids=["q"])
boto3.client("events").delete_rule(Name="placed", EventBusName="shop")
boto3.client("events").delete_event_bus(Name="shop")
boto3.client("kinesis").delete_stream(StreamName="clicks", EnforceConsumerDeletion=True)
boto3.client("kinesis").get_waiter("stream_not_exists").wait(StreamName="clicks")
news.delete()
work.delete()
dead_letters.delete()
print(json.dumps(held))
