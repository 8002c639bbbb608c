package com.amazonaws.services.lambda.runtime.api.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.function.UnaryOperator;

/**
 * Stands for AWS's runtime interface client, whose main class has this name. The handler is the name of a class that
 * makes one text of another; what it throws is its error.
 */
public final class AWSLambda {
  private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final String API = "http://" + System.getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/";

  private static HttpResponse<String> ask(HttpRequest.Builder request) throws Exception {
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  @SuppressWarnings("unchecked")
  public static void main(String[] arguments) throws Exception {
    Class<?> type = Class.forName(arguments[0]);
    UnaryOperator<String> handler = (UnaryOperator<String>) type.getDeclaredConstructor().newInstance();
    while (true) {
      HttpResponse<String> event = ask(HttpRequest.newBuilder(URI.create(API + "invocation/next")));
      String invocation = API + "invocation/" + event.headers().firstValue("Lambda-Runtime-Aws-Request-Id").get();
      String path = "/response";
      String answer;
      try {
        answer = handler.apply(event.body());
      } catch (RuntimeException error) {
        path = "/error";
        String errorType = error.getClass().getName();
        answer = "{\"errorMessage\":\"" + error.getMessage() + "\",\"errorType\":\"" + errorType + "\"}";
      }
      ask(HttpRequest.newBuilder(URI.create(invocation + path)).POST(BodyPublishers.ofString(answer)));
    }
  }
}
