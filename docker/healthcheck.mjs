/** Exit code 0 when the server in this container answers. */
const port = process.env.BUSBAR_PORT || process.env.PORT || 4566;
const answer = await fetch(`http://127.0.0.1:${port}/_busbar/health`).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);
