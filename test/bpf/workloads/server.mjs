// Serves a file to itself a few times, runs a program, and writes what it received.
import { execFile } from "node:child_process";
import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { once } from "node:events";

const server = createServer((_, response) => response.end(readFileSync("/etc/hostname")));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
for (let times = 0; times < 5; times++)
  await new Promise((resolve) => get({ host: "127.0.0.1", port }, (answer) => answer.resume().on("end", resolve)));
writeFileSync("seen", "5");
renameSync("seen", "kept");
unlinkSync("kept");
execFile("/bin/true", () => server.close());
