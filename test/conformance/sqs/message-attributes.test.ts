/** Message attributes: what they may be, their MD5, and which of them a receive shows. */
import { createHash } from "node:crypto";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import { eachSqs, invalidParameter, prefixed, refused } from "../../support/sqs.ts";

eachSqs("message attributes", (env) => {
  const attributes: Record<string, MessageAttributeValue> = {
    General: { DataType: "String", StringValue: "Kenobi" },
    Hello: { DataType: "String", StringValue: "There" },
    "Help.Me": { DataType: "String", StringValue: "Me" },
  };

  it("have the MD5 AWS gives them", async () => {
    const QueueUrl = await env.queue();
    const md5 = async (MessageAttributes: Record<string, MessageAttributeValue>) =>
      (await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes })).MD5OfMessageAttributes;
    expect(await md5({ attr1: { DataType: "Number", StringValue: "99.12" } })).toBe("d302007e9aa062660afc85fd0a482472");
    expect(await md5(attributes)).toBe("4c360f3fdafd970e05fae2f149d997f5");
    const traced = await env.sqs.sendMessage({
      QueueUrl,
      MessageBody: "x",
      MessageAttributes: attributes,
      MessageSystemAttributes: {
        AWSTraceHeader: {
          DataType: "String",
          StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        },
      },
    });
    expect(traced.MD5OfMessageSystemAttributes).toBe("5ae4d5d7636402d80f4eb6d213245a88");
    expect(traced.MD5OfMessageAttributes).toBe("4c360f3fdafd970e05fae2f149d997f5");
    // Of bytes: the lengths, and 2 in place of 1 before the value.
    const bytes = [0, 0, 0, 1, 0x62, 0, 0, 0, 6, ...Buffer.from("Binary"), 2, 0, 0, 0, 3, 0, 255, 10];
    expect(await md5({ b: { DataType: "Binary", BinaryValue: Uint8Array.from([0, 255, 10]) } })).toBe(
      createHash("md5").update(Uint8Array.from(bytes)).digest("hex"),
    );
  });

  it("come back as they were sent, bytes included", async () => {
    const QueueUrl = await env.queue();
    const sent: Record<string, MessageAttributeValue> = {
      text: { DataType: "String", StringValue: "ünï\r\ncode" },
      "text.custom": { DataType: "String.my kind", StringValue: "x" },
      number: { DataType: "Number.int", StringValue: "-1500" },
      bytes: { DataType: "Binary.png", BinaryValue: Uint8Array.from([0, 255, 128, 10, 13]) },
    };
    await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes: sent });
    const [message] = await env.receive(QueueUrl);
    const received = message?.MessageAttributes ?? {};
    expect(Object.keys(received).sort()).toEqual(Object.keys(sent).sort());
    for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(sent)) {
      expect(received[name]?.DataType).toBe(DataType);
      expect(received[name]?.StringValue).toBe(StringValue);
      expect(received[name]?.BinaryValue && [...received[name].BinaryValue]).toEqual(BinaryValue && [...BinaryValue]);
    }
  });

  it("are selected by name and by prefix, and the MD5 is that of the selection", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "0" });
    await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes: attributes });
    const select = async (MessageAttributeNames: string[] | undefined) => {
      const [message] = await env.receive(QueueUrl, { MessageAttributeNames });
      return {
        names: message?.MessageAttributes && Object.keys(message.MessageAttributes).sort(),
        md5: message?.MD5OfMessageAttributes,
      };
    };
    const all = { names: ["General", "Hello", "Help.Me"], md5: "4c360f3fdafd970e05fae2f149d997f5" };
    const hel = { names: ["Hello", "Help.Me"], md5: "83fee93c1bcd8b9a5a923ffacdc636c7" };
    const none = { names: undefined, md5: undefined };
    for (const everything of ["All", "*", ".*"]) expect(await select([everything])).toEqual(all);
    expect(await select(["Hel.*"])).toEqual(hel);
    expect(await select(["Hello", "Help.Me", "Missing"])).toEqual(hel);
    expect(await select(["Hello", "AWS.", "..foo"])).toMatchObject({ names: ["Hello"] });
    for (const nothing of [undefined, [], ["Missing"], ["hello"], ["AWS.x", "..foo"]]) {
      expect(await select(nothing)).toEqual(none);
    }
  });

  it("are refused with AWS's reasons", async () => {
    const QueueUrl = await env.queue();
    const send = (MessageAttributes: Record<string, MessageAttributeValue>) =>
      refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes }));
    const text = (StringValue: string, DataType = "String") => ({ DataType, StringValue });
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, text("x")]));
    expect(await send(eleven)).toEqual(
      invalidParameter("Number of message attributes [11] exceeds the allowed maximum [10]."),
    );
    expect(await send({ a: text("") })).toEqual(
      invalidParameter("Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
    );
    expect(await send({ a: { DataType: "String", BinaryValue: Buffer.from("x") } })).toEqual(
      invalidParameter("The message attribute 'a' with type 'String' must use field 'String'."),
    );
    expect(await send({ a: { DataType: "Binary", StringValue: "x" } })).toEqual(
      invalidParameter("The message attribute 'a' with type 'Binary' must use field 'Binary'."),
    );
    for (const type of ["string", "Text", "Stringy", "Binary."]) {
      expect(await send({ a: text("x", type) })).toEqual(
        invalidParameter(
          "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
        ),
      );
    }
    expect(await send({ a: text("x", "") })).toEqual(
      invalidParameter("The message attribute 'a' must contain a non-empty message attribute type."),
    );
    for (const number of ["x", "1,5", "0x1", "--1", "NaN"]) {
      expect(await send({ a: text(number, "Number") })).toEqual(
        invalidParameter("Can't cast the value of message (user) attribute 'a' to a number."),
      );
    }
    expect(await send({ "a b": text("x") })).toEqual(
      invalidParameter(
        "Message (user) attribute name can contain only A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters",
      ),
    );
    const long = "x".repeat(256 - "String.".length);
    await env.sqs.sendMessage({
      QueueUrl,
      MessageBody: "x",
      MessageAttributes: { ["x".repeat(256)]: text("x", `String.${long}`) },
    });
    expect(await send({ a: text("x", `String.${long}x`) })).toMatchObject({ name: "InvalidParameterValue" });
    const lists = { ...text("x"), StringListValues: ["x"] };
    expect(await send({ a: lists })).toEqual(
      prefixed("UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported."),
    );
    for (const name of ["AWS.x", "amazon.x", ".x", "x.", "x..y", "x".repeat(257)]) {
      expect(await send({ [name]: text("x") })).toMatchObject({ name: "InvalidParameterValue", status: 400 });
    }
  });

  it("of the system are the trace header alone", async () => {
    const QueueUrl = await env.queue();
    const send = (name: string, StringValue: string) =>
      env.sqs.sendMessage({
        QueueUrl,
        MessageBody: "x",
        MessageSystemAttributes: { [name]: { DataType: "String", StringValue } },
      });
    await send("AWSTraceHeader", "Root=1-0-0");
    expect((await env.receive(QueueUrl))[0]?.Attributes).toMatchObject({ AWSTraceHeader: "Root=1-0-0" });
    expect(await refused(send("Other", "x"))).toMatchObject({ name: "InvalidParameterValue", status: 400 });
    expect(await refused(send("AWSTraceHeader", ""))).toMatchObject({ name: "InvalidParameterValue", status: 400 });
  });
});
