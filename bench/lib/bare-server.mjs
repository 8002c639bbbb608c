/** The yardstick: `node:http` that reads a body, parses it as JSON and answers JSON of the size asked for. */
import { createServer } from "node:http";

const answers = new Map();
const answerOf = (size) => {
  let answer = answers.get(size);
  if (!answer) answers.set(size, (answer = JSON.stringify({ answer: "x".repeat(Math.max(0, size - 13)) })));
  return answer;
};

const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString());
    const answer = answerOf(Number(request.headers["x-answer-size"] ?? 100));
    response.writeHead(200, {
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-requestid": "00000000-0000-0000-0000-000000000000",
      "content-length": Buffer.byteLength(answer),
    });
    response.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
