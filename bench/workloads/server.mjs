/** A Node HTTP server and its client, both inside the namespace: each request is judged at both ends. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { written } from "../harness/comparison.mjs";

/** @type {import("../workloads.bench.mjs").Workload} */
export const server = {
  name: "server",
  what: (session) =>
    `node: HTTP server that reads a file for each request, ${written(requests(session))} requests, every tenth on a new connection`,
  needs: [],

  prepare(session, store) {
    writeFileSync(join(store, "load.mjs"), program(requests(session)));
    writeFileSync(join(store, "page.html"), "<p>page</p>\n".repeat(200));
  },

  command: (_, store) => [process.execPath, join(store, "load.mjs")],
};

const requests = (/** @type {import("../harness/session.mjs").Session} */ { quick }) => (quick ? 300 : 8000);

const program = (/** @type {number} */ count) => `import { readFile } from "node:fs/promises";
import { Agent, createServer, get } from "node:http";

const page = new URL("./page.html", import.meta.url);
const server = createServer(async (request, response) => response.end(await readFile(page)));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const kept = new Agent({ keepAlive: true, maxSockets: 8 });

const ask = (agent) => new Promise((resolve, reject) => {
  get({ port, host: "127.0.0.1", agent }, (response) => {
    let size = 0;
    response.on("data", (chunk) => { size += chunk.length; });
    response.on("end", () => resolve(size));
  }).on("error", reject);
});

let left = ${count};
let bytes = 0;
const client = async () => {
  while (left > 0) bytes += await ask(left-- % 10 === 0 ? false : kept);
};
await Promise.all(Array.from({ length: 8 }, client));
console.log(bytes);
kept.destroy();
server.close();
`;
