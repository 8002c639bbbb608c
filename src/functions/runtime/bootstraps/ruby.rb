# The runtime of ruby functions: loads the handler, then takes one event after the other from the Runtime API (Lambda
# developer guide, "Building a custom runtime", and "Define Lambda function handler in Ruby").

require "json"
require "net/http"

$stdout.sync = true
$stderr.sync = true

# One kept connection. What breaks it is Busbar's end, which is ours.
class RuntimeApi
  def initialize(address)
    authority, prefix = address.split("/", 2)
    host, port = authority.split(":")
    @base = "/#{[prefix, "2018-06-01/runtime"].compact.join("/")}"
    @http = Net::HTTP.new(host, port.to_i)
    @http.read_timeout = nil
    @http.keep_alive_timeout = 86_400
    @http.start
  end

  def next_event
    @http.request(Net::HTTP::Get.new("#{@base}/invocation/next"))
  end

  def post(path, body, headers = {})
    request = Net::HTTP::Post.new("#{@base}#{path}", { "Content-Type" => "application/json" }.merge(headers))
    request.body = body
    @http.request(request)
  end
end

class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :function_name, :function_version, :memory_limit_in_mb,
              :log_group_name, :log_stream_name, :deadline_ms, :identity, :client_context

  def initialize(headers)
    @aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    @invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
    @deadline_ms = headers["Lambda-Runtime-Deadline-Ms"].to_i
    @function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
    @function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
    @memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    @log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
    @log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]
    client = headers["Lambda-Runtime-Client-Context"]
    identity = headers["Lambda-Runtime-Cognito-Identity"]
    @client_context = client && JSON.parse(client)
    @identity = identity && JSON.parse(identity)
  end

  def get_remaining_time_in_millis
    [0, @deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)].max
  end
end

# Answers what is called with an event: `file.method`, or `file.Module::Class.method`.
def handler_of(name)
  file, *rest = name.split(".")
  raise ArgumentError, "Invalid handler #{name}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD" if rest.empty? || rest.size > 2

  require File.join(ENV["LAMBDA_TASK_ROOT"], file)
  owner = rest.size == 2 ? Kernel.const_get(rest.first) : self
  owner.method(rest.last)
end

def error_of(error)
  {
    errorMessage: error.message,
    errorType: "Function<#{error.class}>",
    stackTrace: (error.backtrace || []).reject { |line| line.start_with?(__FILE__) },
  }
end

def told(api, path, error)
  value = JSON.generate(error_of(error))
  $stdout.write("#{value}\n")
  api.post(path, value, { "Lambda-Runtime-Function-Error-Type" => "Function<#{error.class}>" })
end

api = RuntimeApi.new(ENV["AWS_LAMBDA_RUNTIME_API"])
begin
  $LOAD_PATH.unshift(ENV["LAMBDA_TASK_ROOT"])
  handler = handler_of(ENV["_HANDLER"])
rescue LoadError, StandardError, SyntaxError => error
  told(api, "/init/error", error)
  exit(1)
end

loop do
  event = api.next_event
  path = "/invocation/#{event["Lambda-Runtime-Aws-Request-Id"]}"
  ENV["_X_AMZN_TRACE_ID"] = event["Lambda-Runtime-Trace-Id"]
  begin
    answer = handler.call(event: JSON.parse(event.body), context: LambdaContext.new(event))
    api.post("#{path}/response", JSON.generate(answer))
  rescue StandardError, NotImplementedError => error
    told(api, "#{path}/error", error)
  end
end
