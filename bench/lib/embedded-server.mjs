/** Busbar inside a Node process that has the functions its APIs call, as in a test. */
import { createBusbar } from "../../dist/index.js";

const bus = await createBusbar({});
const answer = { statusCode: 200, body: '{"ok":true}' };
bus.registerFunction("bench", () => answer);
console.log(`listening on ${new URL(bus.endpoint).port}`);
process.on("SIGTERM", () => bus.close().then(() => process.exit(0)));
