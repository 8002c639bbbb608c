resource "aws_apigatewayv2_api" "orders" {
  name                         = var.changed ? "orders-2" : "orders"
  description                  = var.changed ? "Takes more" : "Takes orders"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = var.changed
  version                      = var.changed ? "2" : "1"

  cors_configuration {
    allow_origins = var.changed ? ["https://b.example", "https://c.example"] : ["https://b.example"]
    allow_methods = ["GET", "POST"]
    allow_headers = ["content-type"]
    max_age       = var.changed ? 600 : 300
  }

  tags = {
    team = var.changed ? "green" : "blue"
  }
}

resource "aws_apigatewayv2_api" "quick" {
  name          = "quick"
  protocol_type = "HTTP"
  target        = local.function
}

resource "aws_apigatewayv2_api" "imported" {
  name          = "imported"
  protocol_type = "HTTP"
  version       = "1"
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "imported", version = "1" }
    paths = {
      "/pens" = {
        get = {
          "x-amazon-apigateway-integration" = {
            type                 = "HTTP_PROXY"
            httpMethod           = "GET"
            uri                  = var.changed ? "https://b.example/pens" : "https://a.example/pens"
            payloadFormatVersion = "1.0"
          }
        }
      }
    }
  })
}

resource "aws_apigatewayv2_vpc_link" "inside" {
  name               = var.changed ? "inside-2" : "inside"
  security_group_ids = ["sg-1"]
  subnet_ids         = ["subnet-1", "subnet-2"]

  tags = {
    team = var.changed ? "green" : "blue"
  }
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.orders.id
  integration_type       = "AWS_PROXY"
  integration_uri        = local.function
  payload_format_version = var.changed ? "1.0" : "2.0"
  timeout_milliseconds   = var.changed ? 5000 : 30000
  description            = var.changed ? "slow" : "fast"
}

resource "aws_apigatewayv2_integration" "inside" {
  api_id             = aws_apigatewayv2_api.orders.id
  integration_type   = "HTTP_PROXY"
  integration_method = var.changed ? "POST" : "ANY"
  integration_uri    = "https://inside.example"
  connection_type    = "VPC_LINK"
  connection_id      = aws_apigatewayv2_vpc_link.inside.id

  request_parameters = {
    "append:header.x-from" = var.changed ? "there" : "here"
    "overwrite:path"       = "$request.path"
  }

  response_parameters {
    status_code = var.changed ? 404 : 403
    mappings = {
      "overwrite:statuscode" = "400"
    }
  }
}

resource "aws_apigatewayv2_integration" "queue" {
  api_id              = aws_apigatewayv2_api.orders.id
  integration_type    = "AWS_PROXY"
  integration_subtype = "SQS-SendMessage"
  credentials_arn     = local.role

  request_parameters = {
    QueueUrl    = "https://sqs.eu-central-1.amazonaws.com/111122223333/orders"
    MessageBody = var.changed ? "$request.body.order" : "$request.body"
  }
}

resource "aws_apigatewayv2_authorizer" "tokens" {
  api_id           = aws_apigatewayv2_api.orders.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  name             = var.changed ? "tokens-2" : "tokens"

  jwt_configuration {
    audience = var.changed ? ["shop", "desk"] : ["shop"]
    issuer   = "https://issuer.example"
  }
}

resource "aws_apigatewayv2_authorizer" "function" {
  api_id                            = aws_apigatewayv2_api.orders.id
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${local.function}/invocations"
  authorizer_payload_format_version = "2.0"
  authorizer_result_ttl_in_seconds  = var.changed ? 60 : 300
  enable_simple_responses           = var.changed
  identity_sources                  = ["$request.header.x-who"]
  name                              = "function"
}

resource "aws_apigatewayv2_route" "read" {
  api_id               = aws_apigatewayv2_api.orders.id
  route_key            = var.changed ? "GET /orders/{order}" : "GET /orders/{id}"
  target               = "integrations/${aws_apigatewayv2_integration.function.id}"
  authorization_type   = "JWT"
  authorization_scopes = var.changed ? ["read", "all"] : ["read"]
  authorizer_id        = aws_apigatewayv2_authorizer.tokens.id
}

resource "aws_apigatewayv2_route" "write" {
  api_id             = aws_apigatewayv2_api.orders.id
  route_key          = "POST /orders"
  target             = "integrations/${var.changed ? aws_apigatewayv2_integration.queue.id : aws_apigatewayv2_integration.inside.id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.function.id
}

resource "aws_apigatewayv2_stage" "live" {
  api_id      = aws_apigatewayv2_api.orders.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-central-1:111122223333:log-group:orders"
    format          = var.changed ? "$context.requestId $context.status" : "$context.requestId"
  }

  default_route_settings {
    throttling_burst_limit = var.changed ? 20 : 10
    throttling_rate_limit  = 100
  }

  stage_variables = {
    colour = var.changed ? "green" : "blue"
  }
}

resource "aws_apigatewayv2_domain_name" "shop" {
  domain_name = "v2.shop.example"

  domain_name_configuration {
    certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/${var.changed ? "two" : "one"}"
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "orders" {
  api_id          = aws_apigatewayv2_api.orders.id
  domain_name     = aws_apigatewayv2_domain_name.shop.id
  stage           = aws_apigatewayv2_stage.live.id
  api_mapping_key = var.changed ? "orders/v2" : "orders/v1"
}

resource "aws_apigatewayv2_api" "chat" {
  name                         = "chat"
  protocol_type                = "WEBSOCKET"
  route_selection_expression   = var.changed ? "$request.body.do" : "$request.body.action"
  api_key_selection_expression = "$request.header.x-api-key"
}

resource "aws_apigatewayv2_model" "message" {
  api_id       = aws_apigatewayv2_api.chat.id
  content_type = "application/json"
  name         = "Message"
  schema       = jsonencode({ type = "object", required = var.changed ? ["text", "room"] : ["text"] })
}

resource "aws_apigatewayv2_integration" "say" {
  api_id                        = aws_apigatewayv2_api.chat.id
  integration_type              = "MOCK"
  passthrough_behavior          = "WHEN_NO_MATCH"
  template_selection_expression = "\\$default"
  request_templates = {
    "$default" = jsonencode({ statusCode = var.changed ? 201 : 200 })
  }
}

resource "aws_apigatewayv2_integration_response" "say" {
  api_id                   = aws_apigatewayv2_api.chat.id
  integration_id           = aws_apigatewayv2_integration.say.id
  integration_response_key = var.changed ? "/2\\d\\d/" : "$default"
  response_templates = {
    "$default" = "said"
  }
}

resource "aws_apigatewayv2_route" "say" {
  api_id                              = aws_apigatewayv2_api.chat.id
  route_key                           = "say"
  target                              = "integrations/${aws_apigatewayv2_integration.say.id}"
  model_selection_expression          = var.changed ? "$request.body.kind" : "$request.body.type"
  request_models                      = { "$default" = aws_apigatewayv2_model.message.name }
  route_response_selection_expression = "$default"
}

resource "aws_apigatewayv2_route_response" "say" {
  api_id             = aws_apigatewayv2_api.chat.id
  route_id           = aws_apigatewayv2_route.say.id
  route_response_key = "$default"
}

resource "aws_apigatewayv2_route" "connect" {
  api_id           = aws_apigatewayv2_api.chat.id
  route_key        = "$connect"
  target           = "integrations/${aws_apigatewayv2_integration.say.id}"
  api_key_required = var.changed
}

resource "aws_apigatewayv2_deployment" "chat" {
  api_id      = aws_apigatewayv2_api.chat.id
  description = var.changed ? "second" : "first"
  depends_on  = [aws_apigatewayv2_route.say, aws_apigatewayv2_route.connect]
}

resource "aws_apigatewayv2_stage" "chat" {
  api_id        = aws_apigatewayv2_api.chat.id
  name          = "live"
  deployment_id = aws_apigatewayv2_deployment.chat.id
  description   = var.changed ? "second" : "first"

  default_route_settings {
    logging_level          = var.changed ? "INFO" : "OFF"
    throttling_burst_limit = 5
    throttling_rate_limit  = 10
  }

  depends_on = [aws_api_gateway_account.all]
}

output "http" {
  value = aws_apigatewayv2_api.quick.api_endpoint
}
