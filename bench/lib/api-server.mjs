/** A Busbar with functions in its process, which is what an HTTP API with a registered function is. */
import { createBusbar } from "../../dist/index.js";

const bus = await createBusbar();
bus.registerFunction("hello", () => ({ statusCode: 200, body: '{"ok":true}' }));
bus.registerFunction("echo", ({ body }) => ({ statusCode: 200, body }));
process.once("SIGTERM", () => bus.close().then(() => process.exit(0)));
console.log(`listening on ${new URL(bus.endpoint).port}`);
