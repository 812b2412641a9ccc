/** Appends to the log in a directory until it is killed; says the size after each batch that is durable. */
import { writeSync } from "node:fs";

const { signerKey } = await import("../../packages/log/dist/note/index.js");
const { DirectoryStore, Log } = await import("../../packages/log/dist/writer/index.js");

const [place = ""] = process.argv.slice(2);
const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const log = await Log.open(new DirectoryStore(place, () => true), key);
/** @param {number} index */
const entry = (index) => Buffer.from(`entry ${index} ${"x".repeat(index % 50)}`);
for (let batch = 1; batch < 100_000; batch++) {
  const { size } = log.head;
  await log.append(Array.from({ length: 1 + (batch % 40) }, (_, at) => entry(size + at)));
  writeSync(1, `${log.head.size}\n`);
}
