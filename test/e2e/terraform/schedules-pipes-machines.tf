resource "aws_scheduler_schedule_group" "jobs" {
  name = "jobs"
  tags = { team = "a" }
}

resource "aws_scheduler_schedule" "nightly" {
  name                         = "nightly"
  group_name                   = aws_scheduler_schedule_group.jobs.name
  description                  = var.changed ? "later" : "each night"
  schedule_expression          = var.changed ? "cron(0 4 * * ? *)" : "cron(0 3 * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"
  start_date                   = "2040-01-01T00:00:00Z"
  end_date                     = "2041-01-01T00:00:00Z"
  state                        = var.changed ? "DISABLED" : "ENABLED"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }
  target {
    arn      = aws_sqs_queue.plain.arn
    role_arn = local.role
    input    = jsonencode({ a = 1 })
    dead_letter_config {
      arn = aws_sqs_queue.dead.arn
    }
    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 3
    }
  }
}

resource "aws_scheduler_schedule" "call" {
  name                = "call"
  schedule_expression = "rate(5 minutes)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    role_arn = local.role
    input    = jsonencode({ QueueUrl = aws_sqs_queue.plain.url, MessageBody = "x" })
  }
}

resource "aws_scheduler_schedule" "bus" {
  name                = "bus"
  schedule_expression = "rate(1 days)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_cloudwatch_event_bus.shop.arn
    role_arn = local.role
    eventbridge_parameters {
      detail_type = "t"
      source      = "s"
    }
  }
}

resource "aws_pipes_pipe" "queue" {
  name          = "queue"
  description   = var.changed ? "later" : "first"
  role_arn      = local.role
  source        = aws_sqs_queue.work.arn
  target        = aws_sfn_state_machine.flow.arn
  desired_state = var.changed ? "STOPPED" : "RUNNING"
  source_parameters {
    sqs_queue_parameters {
      batch_size                         = 2
      maximum_batching_window_in_seconds = 1
    }
    filter_criteria {
      filter {
        pattern = jsonencode({ body = { kind = [var.changed ? "b" : "a"] } })
      }
    }
  }
  target_parameters {
    input_template = "{\"body\": <$.body>}"
    step_function_state_machine_parameters {
      invocation_type = "FIRE_AND_FORGET"
    }
  }
  tags = { team = "a" }
}

resource "aws_pipes_pipe" "stream" {
  name     = "stream"
  role_arn = local.role
  source   = aws_kinesis_stream.views.arn
  target   = aws_cloudwatch_event_bus.shop.arn
  source_parameters {
    kinesis_stream_parameters {
      starting_position             = "LATEST"
      batch_size                    = 10
      maximum_retry_attempts        = 2
      maximum_record_age_in_seconds = 600
      parallelization_factor        = 2
      on_partial_batch_item_failure = "AUTOMATIC_BISECT"
      dead_letter_config {
        arn = aws_sqs_queue.dead.arn
      }
    }
  }
  target_parameters {
    eventbridge_event_bus_parameters {
      detail_type = "t"
      source      = "s"
    }
  }
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = local.role
  publish  = true
  definition = jsonencode({
    Comment = var.changed ? "later" : "first"
    StartAt = "A"
    States  = { A = { Type = "Pass", End = true } }
  })
  tags = { team = "a" }
}

resource "aws_sfn_state_machine" "quick" {
  name       = "quick"
  type       = "EXPRESS"
  role_arn   = local.role
  definition = jsonencode({ StartAt = "A", States = { A = { Type = "Succeed" } } })
  logging_configuration {
    log_destination        = "arn:aws:logs:eu-central-1:111122223333:log-group:flows:*"
    include_execution_data = true
    level                  = var.changed ? "ALL" : "ERROR"
  }
  tracing_configuration {
    enabled = true
  }
}

resource "aws_sfn_alias" "live" {
  name        = "live"
  description = var.changed ? "later" : "first"
  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.flow.state_machine_version_arn
    weight                    = 100
  }
}

resource "aws_sfn_activity" "people" {
  name = "people"
  tags = var.changed ? { team = "b" } : { team = "a" }
}

data "aws_sfn_state_machine" "flow" {
  name       = aws_sfn_state_machine.flow.name
  depends_on = [aws_sfn_state_machine.flow]
}

data "aws_sfn_state_machine_versions" "flow" {
  statemachine_arn = aws_sfn_state_machine.flow.arn
}

data "aws_caller_identity" "me" {}
