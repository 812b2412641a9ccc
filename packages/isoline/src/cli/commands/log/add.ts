/** `isoline log add`: appends files to a log, and asks its witnesses. */
import { formatProof, proveEntry } from "@isoline/log/proof";
import { cosign } from "@isoline/log/witness";
import { Log } from "@isoline/log/writer";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { openLogFiles, originOf, readKey, readPolicyFile, shownIn } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, printLine } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface LogAddOptions {
  readonly key: string;
  readonly policy?: string;
  readonly output?: string;
  readonly credentials?: string;
}

/** One more than an entry may have, so that a longer file is refused as what it is. */
const MOST_BYTES = 65_536;

export async function logAdd(place: string, files: readonly string[], options: LogAddOptions): Promise<number> {
  const { key, policy: policyFile, output, credentials } = options;
  if (output !== undefined && files.length !== 1) throw usage("--output takes the proof of one file; name one");
  const entries = files.map((file) => readRegular(file, MOST_BYTES, "a file of at most 65 535 bytes"));
  const policy = policyFile === undefined ? undefined : readPolicyFile(policyFile);
  const store = openLogFiles(place, credentials);
  let close = () => store.close();
  try {
    const signer = readKey(key, await originOf(store, place), "log");
    const log = await Log.open(store, signer, {
      waitsForWitnesses: policy !== undefined,
      leftBehind: (what) => note(harmless(what)),
    });
    close = () => log.close();
    const first = await log.append(entries);
    for (const [at, file] of files.entries()) printLine(`${first + at} ${harmless(file)}`);
    const cosigned = policy && (await cosign(log, store.read, policy));
    for (const why of cosigned?.refusals ?? []) note(harmless(why));
    if (cosigned !== undefined && cosigned.checkpoint === undefined) {
      const again = [place, "--key", key, ...(credentials === undefined ? [] : ["--credentials", credentials])];
      note(
        `what was added is durable, and not shown yet: no need to add it again. Once the witnesses can sign, ask them with isoline log add ` +
          `${harmless([...again, "--policy", policyFile ?? ""].join(" "))}${files.length === 0 ? "" : "; isoline log prove makes the proof then"}`,
      );
      return status.incomplete;
    }
    if (output !== undefined) {
      const shown = cosigned?.checkpoint ?? (await shownIn(store.read, place));
      writeDurably(output, [formatProof(await proveEntry(store.read, first, shown))]);
    }
    return status.success;
  } finally {
    await close();
  }
}
