/** `isoline log add`: appends files to a log, and asks its witnesses. */
import { formatProof, proveEntry } from "@isoline/log/proof";
import { cosign } from "@isoline/log/witness";
import { Log } from "@isoline/log/writer";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { openStore, originIn, readKey, readPolicyFile, shownIn } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, printLine } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface LogAddOptions {
  readonly key: string;
  readonly policy?: string;
  readonly output?: string;
}

/** One more than an entry may have, so that a longer file is refused as what it is. */
const MOST_BYTES = 65_536;

export async function logAdd(directory: string, files: readonly string[], options: LogAddOptions): Promise<number> {
  const { key, policy: policyFile, output } = options;
  if (output !== undefined && files.length !== 1) throw usage("--output takes the proof of one file; name one");
  const entries = files.map((file) => readRegular(file, MOST_BYTES, "a file of at most 65 535 bytes"));
  const policy = policyFile === undefined ? undefined : readPolicyFile(policyFile);
  const signer = readKey(key, originIn(directory), "log");
  const store = openStore(directory);
  const log = Log.open(store, signer, { waitsForWitnesses: policy !== undefined });
  try {
    const first = entries.length === 0 ? log.head.size : log.append(entries);
    for (const [at, file] of files.entries()) printLine(`${first + at} ${harmless(file)}`);
    const cosigned = policy && (await cosign(log, store, policy));
    for (const why of cosigned?.refusals ?? []) note(harmless(why));
    if (cosigned !== undefined && cosigned.checkpoint === undefined) {
      note("what was added is durable, and not shown yet; ask again with isoline log add, without files");
      return status.incomplete;
    }
    if (output !== undefined)
      writeDurably(output, [formatProof(proveEntry(store.read, first, cosigned?.checkpoint ?? shownIn(directory)))]);
    return status.success;
  } finally {
    log.close();
  }
}
