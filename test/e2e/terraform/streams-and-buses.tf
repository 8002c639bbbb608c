resource "aws_kinesis_stream" "clicks" {
  name                = "clicks"
  shard_count         = var.changed ? 3 : 2
  retention_period    = var.changed ? 72 : 48
  shard_level_metrics = var.changed ? ["IncomingBytes", "OutgoingBytes"] : ["IncomingBytes"]
  encryption_type     = "KMS"
  kms_key_id          = "alias/aws/kinesis"
  tags                = { team = "a" }
}

resource "aws_kinesis_stream" "views" {
  name = "views"
  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
  enforce_consumer_deletion = true
}

resource "aws_kinesis_stream_consumer" "reader" {
  name       = "reader"
  stream_arn = aws_kinesis_stream.clicks.arn
}

resource "aws_kinesis_resource_policy" "clicks" {
  resource_arn = aws_kinesis_stream.clicks.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Id      = "writers"
    Statement = [{
      Sid       = "write"
      Effect    = "Allow"
      Principal = { AWS = "444455556666" }
      Action    = var.changed ? ["kinesis:DescribeStreamSummary", "kinesis:PutRecord"] : ["kinesis:PutRecord"]
      Resource  = aws_kinesis_stream.clicks.arn
    }]
  })
}

resource "aws_cloudwatch_event_bus" "shop" {
  name        = "shop"
  description = var.changed ? "later" : "orders"
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
  tags = { team = "a" }
}

data "aws_iam_policy_document" "bus" {
  statement {
    sid       = "others"
    actions   = var.changed ? ["events:PutEvents", "events:PutRule"] : ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.shop.arn]
    principals {
      type        = "AWS"
      identifiers = ["444455556666"]
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "shop" {
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  policy         = data.aws_iam_policy_document.bus.json
}

resource "aws_cloudwatch_event_permission" "default" {
  principal    = "444455556666"
  statement_id = "others"
}

resource "aws_cloudwatch_event_rule" "placed" {
  name           = "placed"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  description    = "orders that are placed"
  event_pattern  = jsonencode({ source = ["shop"], detail = { total = [{ numeric = [">", var.changed ? 20 : 10] }] } })
  role_arn       = local.role
  state          = var.changed ? "DISABLED" : "ENABLED"
  tags           = { team = "a" }
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "hourly"
  schedule_expression = var.changed ? "rate(2 hours)" : "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "queue" {
  rule           = aws_cloudwatch_event_rule.placed.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "queue"
  arn            = aws_sqs_queue.plain.arn
  input_transformer {
    input_paths    = { id = "$.detail.id" }
    input_template = var.changed ? "{\"order\": <id>, \"new\": true}" : "{\"order\": <id>}"
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 5
  }
}

resource "aws_cloudwatch_event_target" "fifo" {
  rule           = aws_cloudwatch_event_rule.placed.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  arn            = aws_sqs_queue.fifo.arn
  sqs_target {
    message_group_id = "g"
  }
}

resource "aws_cloudwatch_event_target" "stream" {
  rule           = aws_cloudwatch_event_rule.placed.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "stream"
  arn            = aws_kinesis_stream.clicks.arn
  role_arn       = local.role
  kinesis_target {
    partition_key_path = "$.detail.id"
  }
}

resource "aws_cloudwatch_event_target" "api" {
  rule           = aws_cloudwatch_event_rule.placed.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "api"
  arn            = aws_cloudwatch_event_api_destination.hook.arn
  role_arn       = local.role
  http_target {
    path_parameter_values   = ["a"]
    query_string_parameters = { q = "1" }
    header_parameters       = { X-Env = "test" }
  }
}

resource "aws_cloudwatch_event_target" "machine" {
  rule      = aws_cloudwatch_event_rule.hourly.name
  target_id = "machine"
  arn       = aws_sfn_state_machine.flow.arn
  role_arn  = local.role
  input     = jsonencode({ from = "rule" })
}

resource "aws_cloudwatch_event_target" "topic" {
  rule       = aws_cloudwatch_event_rule.hourly.name
  target_id  = "topic"
  arn        = aws_sns_topic.news.arn
  input_path = "$.detail"
}

resource "aws_cloudwatch_event_archive" "all" {
  name             = "all"
  event_source_arn = aws_cloudwatch_event_bus.shop.arn
  description      = var.changed ? "some" : "everything"
  event_pattern    = var.changed ? jsonencode({ source = ["shop"] }) : null
  retention_days   = var.changed ? 7 : 0
}

resource "aws_cloudwatch_event_connection" "key" {
  name               = "key"
  description        = "by key"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-api-key"
      value = var.changed ? "two" : "one"
    }
    invocation_http_parameters {
      header {
        key             = "X-Visible"
        value           = "yes"
        is_value_secret = false
      }
      query_string {
        key             = "secret"
        value           = "s"
        is_value_secret = true
      }
    }
  }
}

resource "aws_cloudwatch_event_connection" "basic" {
  name               = "basic"
  authorization_type = "BASIC"
  auth_parameters {
    basic {
      username = "user"
      password = "pass"
    }
  }
}

resource "aws_cloudwatch_event_connection" "oauth" {
  name               = "oauth"
  authorization_type = "OAUTH_CLIENT_CREDENTIALS"
  auth_parameters {
    oauth {
      authorization_endpoint = "https://example.com/token"
      http_method            = "POST"
      client_parameters {
        client_id     = "id"
        client_secret = "secret"
      }
      oauth_http_parameters {
        body {
          key             = "scope"
          value           = "all"
          is_value_secret = false
        }
      }
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "hook" {
  name                             = "hook"
  description                      = "a hook"
  invocation_endpoint              = "https://example.com/hooks/*"
  http_method                      = var.changed ? "PUT" : "POST"
  invocation_rate_limit_per_second = var.changed ? 20 : 10
  connection_arn                   = aws_cloudwatch_event_connection.key.arn
}

resource "aws_cloudwatch_event_endpoint" "both" {
  name     = "both"
  role_arn = local.role
  event_bus {
    event_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
  }
  event_bus {
    event_bus_arn = "arn:aws:events:eu-west-1:111122223333:event-bus/default"
  }
  replication_config {
    state = "ENABLED"
  }
  routing_config {
    failover_config {
      primary {
        health_check = "arn:aws:route53:::healthcheck/11111111-1111-1111-1111-111111111111"
      }
      secondary {
        route = "eu-west-1"
      }
    }
  }
}
