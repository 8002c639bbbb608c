from conftest import control


def test_a_delayed_order_comes_when_its_time_has_come(sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="order 1", DelaySeconds=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)

    control("clock", {"advance": "15m"})

    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["order 1"]


def test_nothing_is_left_of_other_tests(sqs):
    assert "QueueUrls" not in sqs.list_queues()
