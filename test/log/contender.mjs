/**
 * Appends to the log in a directory, one entry after the other, and lets go of it after each. Says the index and the words of each entry
 * that is durable, and at the end how often another process had the log.
 */
import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const { lock } = await import("../../packages/linux/dist/index.js");
const { signerKey } = await import("../../packages/log/dist/note/index.js");
const { DirectoryStore, Log } = await import("../../packages/log/dist/writer/index.js");

const [place = "", name = "", times = ""] = process.argv.slice(2);
const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));

/** Undefined while another process appends. */
function opened() {
  try {
    return new DirectoryStore(place, (fd) => lock(fd, 0));
  } catch (fault) {
    if (/** @type {{ code?: unknown }} */ (fault).code !== "log-in-use") throw fault;
    return undefined;
  }
}

let refused = 0;
for (let entry = 0; entry < Number(times); ) {
  const store = opened();
  if (store === undefined) refused += 1;
  else {
    const log = await Log.open(store, key);
    const index = await log.append([Buffer.from(`${name} ${entry}`)]);
    writeSync(1, `${index} ${name} ${entry}\n`);
    await log.close();
    entry += 1;
  }
  // Others have their turn.
  await setTimeout(Math.random() * 4);
}
writeSync(1, `refused ${refused}\n`);
