resource "aws_sqs_queue" "dead" {
  name                      = "dead"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "work" {
  name                       = "work"
  visibility_timeout_seconds = var.changed ? 60 : 45
  delay_seconds              = 3
  max_message_size           = 65536
  receive_wait_time_seconds  = 10
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.changed ? 5 : 4
  })
  tags = var.changed ? { team = "b", new = "yes" } : { team = "a" }
}

resource "aws_sqs_queue" "plain" {
  name = "plain"
}

resource "aws_sqs_queue" "prefixed" {
  name_prefix = "some-"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "444455556666" }
      Action    = ["sqs:SendMessage"]
      Resource  = "*"
    }]
  })
}

resource "aws_sqs_queue" "fifo" {
  name                        = "orders.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}

resource "aws_sqs_queue" "keyed" {
  name                              = "keyed"
  kms_master_key_id                 = "alias/aws/sqs"
  kms_data_key_reuse_period_seconds = var.changed ? 600 : 300
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.work.arn]
  })
}

resource "aws_sqs_queue_redrive_policy" "plain" {
  queue_url = aws_sqs_queue.plain.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.prefixed.arn
    maxReceiveCount     = 3
  })
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "Topics"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.plain.arn]
    principals {
      type        = "Service"
      identifiers = var.changed ? ["sns.amazonaws.com"] : ["sns.amazonaws.com", "events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.news.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "plain" {
  queue_url = aws_sqs_queue.plain.id
  policy    = data.aws_iam_policy_document.queue.json
}

data "aws_sqs_queue" "work" {
  name       = aws_sqs_queue.work.name
  depends_on = [aws_sqs_queue.work]
}

resource "aws_sns_topic" "news" {
  name                              = "news"
  display_name                      = var.changed ? "Later" : "News"
  tracing_config                    = "Active"
  signature_version                 = 2
  http_success_feedback_role_arn    = local.role
  http_failure_feedback_role_arn    = local.role
  http_success_feedback_sample_rate = 50
  delivery_policy = jsonencode({
    http = {
      defaultHealthyRetryPolicy = {
        minDelayTarget     = 20
        maxDelayTarget     = 20
        numRetries         = 3
        numMaxDelayRetries = 0
        numNoDelayRetries  = 0
        numMinDelayRetries = 0
        backoffFunction    = "linear"
      }
      disableSubscriptionOverrides = false
    }
  })
  tags = { team = "a" }
}

resource "aws_sns_topic" "fifo" {
  name                        = "orders.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
  archive_policy              = var.changed ? null : jsonencode({ MessageRetentionPeriod = 30 })
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "Rules"
    actions   = var.changed ? ["sns:Publish", "sns:Subscribe"] : ["sns:Publish"]
    resources = [aws_sns_topic.news.arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "news" {
  arn    = aws_sns_topic.news.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_data_protection_policy" "news" {
  arn = aws_sns_topic.news.arn
  policy = jsonencode({
    Name        = "mask"
    Description = "masks names"
    Version     = "2021-06-01"
    Statement = [{
      Sid            = "names"
      DataDirection  = "Inbound"
      DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/Name"]
      Operation      = { Deny = {} }
      Principal      = ["*"]
    }]
  })
}

resource "aws_sns_topic_subscription" "queue" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.plain.arn
  raw_message_delivery = true
  filter_policy_scope  = "MessageBody"
  filter_policy        = var.changed ? jsonencode({ kind = ["b", { prefix = "c" }] }) : jsonencode({ kind = [{ anything-but = "a" }], size = [{ numeric = [">", 1.5] }] })
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}

resource "aws_sns_topic_subscription" "attributes" {
  topic_arn     = aws_sns_topic.news.arn
  protocol      = "sqs"
  endpoint      = aws_sqs_queue.prefixed.arn
  filter_policy = jsonencode({ store = ["one"] })
}

resource "aws_sns_topic_subscription" "fifo" {
  topic_arn = aws_sns_topic.fifo.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.fifo.arn
}

resource "aws_sns_topic_subscription" "sms" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "sms"
  endpoint  = "+12065550100"
}

resource "aws_sns_topic_subscription" "function" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "lambda"
  endpoint  = local.function
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "email"
  endpoint  = "someone@example.com"
}

resource "aws_sns_platform_application" "phones" {
  name                         = "phones"
  platform                     = "GCM"
  platform_credential          = var.changed ? "key-2" : "key-1"
  success_feedback_sample_rate = "100"
}

resource "aws_sns_sms_preferences" "all" {
  default_sms_type    = var.changed ? "Transactional" : "Promotional"
  monthly_spend_limit = 1
}

data "aws_sns_topic" "news" {
  name       = aws_sns_topic.news.name
  depends_on = [aws_sns_topic.news]
}
