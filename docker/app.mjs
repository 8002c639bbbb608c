/** Stands for your app: publishes an order and says what came to the queue. It needs no package, so that this file is all. */
const endpoint = process.env.AWS_ENDPOINT_URL;

async function call(parameters) {
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(parameters) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.text();
}

await call({
  Action: "Publish",
  Version: "2010-03-31",
  TopicArn: "arn:aws:sns:us-east-1:000000000000:placed",
  Message: "order 1",
});
const received = await call({
  Action: "ReceiveMessage",
  Version: "2012-11-05",
  QueueUrl: `${endpoint}/000000000000/orders`,
  WaitTimeSeconds: "5",
});
console.log(/<Body>(.*?)<\/Body>/.exec(received)?.[1] ?? "nothing came");
