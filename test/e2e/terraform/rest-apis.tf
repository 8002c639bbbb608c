resource "aws_api_gateway_account" "all" {
  cloudwatch_role_arn = var.changed ? "${local.role}-2" : local.role
}

resource "aws_api_gateway_rest_api" "shop" {
  name                     = var.changed ? "shop-2" : "shop"
  description              = var.changed ? "Sells more" : "Sells things"
  binary_media_types       = var.changed ? ["image/png"] : ["image/png", "image/jpeg"]
  minimum_compression_size = var.changed ? "1024" : "512"
  api_key_source           = "HEADER"

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  tags = {
    team = var.changed ? "green" : "blue"
  }
}

resource "aws_api_gateway_rest_api_policy" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "execute-api:Invoke"
      Resource  = var.changed ? "${aws_api_gateway_rest_api.shop.execution_arn}/*" : "${aws_api_gateway_rest_api.shop.execution_arn}/*/GET/*"
    }]
  })
}

resource "aws_api_gateway_rest_api" "imported" {
  name = "imported"
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "imported", version = var.changed ? "2" : "1" }
    paths = {
      "/things/{id}" = {
        get = {
          parameters = [{ name = "id", in = "path", required = true, schema = { type = "string" } }]
          responses  = { "200" = { description = "fine" } }
          "x-amazon-apigateway-integration" = {
            type             = "mock"
            requestTemplates = { "application/json" = "{\"statusCode\": 200}" }
            responses        = { default = { statusCode = "200" } }
          }
        }
      }
    }
  })
}

resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = var.changed ? "purchases" : "orders"
}

resource "aws_api_gateway_resource" "order" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_resource.orders.id
  path_part   = "{orderId}"
}

resource "aws_api_gateway_model" "order" {
  rest_api_id  = aws_api_gateway_rest_api.shop.id
  name         = "Order"
  description  = var.changed ? "Another order" : "An order"
  content_type = "application/json"
  schema       = jsonencode({ type = "object", required = var.changed ? ["id", "name"] : ["id"] })
}

resource "aws_api_gateway_request_validator" "body" {
  rest_api_id                 = aws_api_gateway_rest_api.shop.id
  name                        = "body"
  validate_request_body       = true
  validate_request_parameters = var.changed
}

resource "aws_api_gateway_authorizer" "token" {
  rest_api_id                      = aws_api_gateway_rest_api.shop.id
  name                             = "token"
  authorizer_uri                   = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${local.function}/invocations"
  authorizer_credentials           = local.role
  identity_source                  = "method.request.header.${var.changed ? "Token" : "Authorization"}"
  authorizer_result_ttl_in_seconds = var.changed ? 60 : 300
}

resource "aws_api_gateway_authorizer" "pool" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  name          = "pool"
  type          = "COGNITO_USER_POOLS"
  provider_arns = ["arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_one"]
}

resource "aws_api_gateway_method" "post" {
  rest_api_id          = aws_api_gateway_rest_api.shop.id
  resource_id          = aws_api_gateway_resource.orders.id
  http_method          = "POST"
  authorization        = "CUSTOM"
  authorizer_id        = aws_api_gateway_authorizer.token.id
  api_key_required     = var.changed
  operation_name       = "createOrder"
  request_models       = { "application/json" = aws_api_gateway_model.order.name }
  request_validator_id = aws_api_gateway_request_validator.body.id

  request_parameters = {
    "method.request.header.X-Tenant"     = var.changed
    "method.request.querystring.preview" = false
  }
}

resource "aws_api_gateway_method" "get" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.order.id
  http_method   = "GET"
  authorization = var.changed ? "AWS_IAM" : "NONE"

  request_parameters = {
    "method.request.path.orderId" = true
  }
}

resource "aws_api_gateway_method" "list" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.orders.id
  http_method   = "GET"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "list" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.list.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${local.function}/invocations"
}

resource "aws_api_gateway_method_response" "ok" {
  rest_api_id         = aws_api_gateway_rest_api.shop.id
  resource_id         = aws_api_gateway_resource.orders.id
  http_method         = aws_api_gateway_method.post.http_method
  status_code         = "200"
  response_models     = { "application/json" = var.changed ? "Empty" : aws_api_gateway_model.order.name }
  response_parameters = { "method.response.header.Location" = true }
}

resource "aws_api_gateway_integration" "post" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.post.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:aws:apigateway:eu-central-1:sqs:path/111122223333/jobs"
  credentials             = local.role
  passthrough_behavior    = "WHEN_NO_TEMPLATES"
  timeout_milliseconds    = var.changed ? 5000 : 29000
  cache_key_parameters    = ["method.request.querystring.preview"]

  request_parameters = {
    "integration.request.header.Content-Type" = "'application/x-www-form-urlencoded'"
  }

  request_templates = {
    "application/json" = var.changed ? "Action=SendMessage&MessageBody=x" : "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
  }
}

resource "aws_api_gateway_integration" "get" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.order.id
  http_method             = aws_api_gateway_method.get.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "GET"
  uri                     = "http://example.com/{orderId}${var.changed ? "/x" : ""}"
  connection_type         = "VPC_LINK"
  connection_id           = aws_api_gateway_vpc_link.inside.id

  request_parameters = {
    "integration.request.path.orderId" = "method.request.path.orderId"
  }
}

resource "aws_api_gateway_integration_response" "ok" {
  rest_api_id       = aws_api_gateway_rest_api.shop.id
  resource_id       = aws_api_gateway_resource.orders.id
  http_method       = aws_api_gateway_integration.post.http_method
  status_code       = aws_api_gateway_method_response.ok.status_code
  selection_pattern = var.changed ? "2\\d{2}" : null

  response_parameters = { "method.response.header.Location" = "'/orders'" }
  response_templates  = { "application/json" = "{}" }
}

resource "aws_api_gateway_vpc_link" "inside" {
  name        = "inside"
  description = var.changed ? "another" : "one"
  target_arns = ["arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/inside/0123456789abcdef"]
}

resource "aws_api_gateway_gateway_response" "unauthorized" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  response_type = "UNAUTHORIZED"
  status_code   = var.changed ? "403" : "401"

  response_templates  = { "application/json" = "{\"message\":$context.error.messageString}" }
  response_parameters = { "gatewayresponse.header.Access-Control-Allow-Origin" = "'*'" }
}

resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  description = var.changed ? "second" : "first"
  triggers    = { changed = var.changed }
  depends_on = [
    aws_api_gateway_integration.post,
    aws_api_gateway_integration.get,
    aws_api_gateway_integration.list,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_client_certificate" "own" {
  description = var.changed ? "second" : "first"
}

resource "aws_api_gateway_stage" "live" {
  rest_api_id           = aws_api_gateway_rest_api.shop.id
  stage_name            = "live"
  deployment_id         = aws_api_gateway_deployment.shop.id
  description           = var.changed ? "changed" : "live"
  client_certificate_id = aws_api_gateway_client_certificate.own.id
  documentation_version = aws_api_gateway_documentation_version.first.version
  variables             = { host = var.changed ? "b.example.com" : "a.example.com" }
  xray_tracing_enabled  = var.changed

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-central-1:111122223333:log-group:access"
    format          = var.changed ? "$context.requestId" : "$context.requestId $context.status"
  }

  tags = {
    team = "blue"
  }

  depends_on = [aws_api_gateway_account.all]
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = var.changed ? "ERROR" : "INFO"
    throttling_burst_limit = var.changed ? 10 : 5
    throttling_rate_limit  = 2.5
  }
}

resource "aws_api_gateway_documentation_part" "orders" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  properties  = jsonencode({ description = var.changed ? "Other things" : "Things" })

  location {
    type   = "METHOD"
    path   = "/orders"
    method = "POST"
  }
}

resource "aws_api_gateway_documentation_version" "first" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  version     = "v1"
  description = var.changed ? "changed" : "first"
  depends_on  = [aws_api_gateway_documentation_part.orders]
}

resource "aws_api_gateway_api_key" "partner" {
  name        = "partner"
  description = var.changed ? "A good partner" : "A partner"
  enabled     = !var.changed
  value       = "0123456789abcdefghij"
}

resource "aws_api_gateway_usage_plan" "partners" {
  name        = var.changed ? "partners-2" : "partners"
  description = "For partners"

  api_stages {
    api_id = aws_api_gateway_rest_api.shop.id
    stage  = aws_api_gateway_stage.live.stage_name

    throttle {
      path        = "/orders/POST"
      burst_limit = var.changed ? 4 : 2
      rate_limit  = 1
    }
  }

  quota_settings {
    limit  = var.changed ? 200 : 100
    offset = 2
    period = "WEEK"
  }

  throttle_settings {
    burst_limit = 5
    rate_limit  = var.changed ? 20 : 10
  }
}

resource "aws_api_gateway_usage_plan_key" "partner" {
  key_id        = aws_api_gateway_api_key.partner.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.partners.id
}

resource "aws_api_gateway_domain_name" "shop" {
  domain_name              = "shop.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/${var.changed ? "b" : "a"}"
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "shop" {
  domain_name = aws_api_gateway_domain_name.shop.domain_name
  api_id      = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  base_path   = var.changed ? "v2" : "v1"
}

data "aws_api_gateway_export" "live" {
  rest_api_id = aws_api_gateway_stage.live.rest_api_id
  stage_name  = aws_api_gateway_stage.live.stage_name
  export_type = "oas30"
}

output "rest" {
  value = aws_api_gateway_stage.live.invoke_url
}
