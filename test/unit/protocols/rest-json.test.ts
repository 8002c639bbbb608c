import { ThrottlingException$ } from "@aws-sdk/client-pipes";
import { ValidationException$ } from "@aws-sdk/client-scheduler";
import { describe, expect, it } from "vitest";
import { AwsError } from "../../../protocols/error.ts";
import { restJson1 } from "../../../protocols/rest-json.ts";
import { serviceNamed } from "../../support/service-models.ts";
import { codec, failureOf, REQUEST_ID, request } from "../../support/wire.ts";

describe("REST-JSON", () => {
  it("reads labels, query lists and the body", () => {
    const untag = codec("restJson1", "scheduler", "UntagResource");
    const url = "/tags/arn%3Aaws%3Ascheduler%3Aschedule-group%2Fg?TagKeys=a&TagKeys=b%20c";
    expect(untag.decode(request({ method: "DELETE", url }))).toEqual({
      ResourceArn: "arn:aws:scheduler:schedule-group/g",
      TagKeys: ["a", "b c"],
    });
    const create = codec("restJson1", "scheduler", "CreateSchedule");
    const body = '{"Name":"other","ScheduleExpression":"rate(1 minute)","StartDate":1.5}';
    expect(create.decode(request({ url: "/schedules/mine", body }))).toEqual({
      Name: "mine",
      ScheduleExpression: "rate(1 minute)",
      StartDate: new Date(1500),
    });
  });

  it.each([
    ["ListSchedules", "GET", "/schedules?MaxResults=x"],
    ["GetSchedule", "GET", "/schedules/%zz"],
  ])("refuses %s of %s %s", (operation, method, url) => {
    const error = failureOf(() => codec("restJson1", "scheduler", operation).decode(request({ method, url })));
    expect(error).toMatchObject({ name: "SerializationException", status: 400 });
  });

  it("answers {} for an empty output", () => {
    const { body, status } = codec("restJson1", "scheduler", "DeleteSchedule").encode(
      undefined,
      REQUEST_ID,
      request({}),
    );
    expect({ body, status }).toEqual({ body: "{}", status: 200 });
  });

  it("names errors in a header, with the message as the model spells it", () => {
    const error = AwsError.of(ValidationException$, "No");
    const answer = restJson1.encodeError(error, REQUEST_ID, serviceNamed("scheduler"), request({}));
    expect(answer.headers["x-amzn-ErrorType"]).toBe("ValidationException");
    expect(answer.body).toBe('{"Message":"No"}');
  });

  it("puts bound error members into headers", () => {
    const error = AwsError.of(ThrottlingException$, "Slow", { retryAfterSeconds: 3, serviceCode: "s" });
    const answer = restJson1.encodeError(error, REQUEST_ID, serviceNamed("pipes"), request({}));
    expect(answer).toMatchObject({ status: 429, body: '{"message":"Slow","serviceCode":"s"}' });
    expect(answer.headers["Retry-After"]).toBe("3");
  });
});
