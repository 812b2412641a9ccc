/** Appending to a transparency log on disk: entries a second, each durable and signed for before it is acknowledged. */
import { join } from "node:path";
import { signerKey } from "../packages/log/dist/note/index.js";
import { DirectoryStore, Log } from "../packages/log/dist/writer/index.js";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { median } from "./harness/statistics.mjs";

const ENTRY = 300;
const BATCHES = [1, 64, 1024, 4096];
const LARGEST = "4096 entries at once";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "entries into a transparency log",
  method: `Entries of ${ENTRY} bytes are appended to a log in a directory. An append returns when its entries, the tiles above them and the
signed checkpoint are durable: each file and each directory that changed is synced. One process, one log, growing all the time.`,

  async run(session) {
    const log = await Log.create(
      new DirectoryStore(join(session.folder("log-append"), "log"), () => true),
      signerKey("bench.example/log", "log"),
    );
    const most = session.quick ? 256 : 8192;
    const figures = await inTurn(
      Object.fromEntries(
        BATCHES.map((batch) => [`${batch} ${batch === 1 ? "entry" : "entries"} at once`, () => rate(log, batch, most)]),
      ),
      { rounds: session.rounds(9, 1), warmups: session.quick ? 0 : 1 },
    );
    await log.close();
    return [
      comparison({
        what: "appended and acknowledged",
        unit: "entries/s",
        figures,
        against: "1 entry at once",
        goals: [
          goal("log, entries in batches, durable", median(figures[LARGEST] ?? []), "at least", 10_000, "entries/s"),
        ],
      }),
    ];
  },
};

/**
 * Entries a second, in batches of one size.
 *
 * @param {Log} log @param {number} batch @param {number} most
 */
async function rate(log, batch, most) {
  const count = Math.max(batch, Math.min(most, batch * 16));
  const entries = Array.from({ length: batch }, (_, index) => Buffer.alloc(ENTRY, index));
  const start = process.hrtime.bigint();
  for (let done = 0; done < count; done += batch) await log.append(entries);
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}
