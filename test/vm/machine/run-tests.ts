/** Runs test files in a machine; returns the result of each test. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beginUntil } from "../../support/machine.ts";
import { learner, learnOnHost } from "../host-contour.ts";
import { packCases } from "../packed-cases.ts";
import { afterSecond, failedFiles, readResults, type Result } from "../results.ts";
import { type Ended, inMachine, repository, SHARE } from "./machine.ts";
import { type Equipment, type Kind, parametersFor } from "./machines.ts";

export interface Outcome {
  readonly ended: Ended;
  readonly results: readonly Result[];
}

/** Some tests make filesystems of their own. */
const MODULES = ["overlay", "loop", "crc32c_generic", "ext4", "btrfs", "vfat", "nls_cp437", "nls_ascii"];

/** Why a file was not begun (`guest/session.mjs` says the same). */
export const NO_TIME = "no time was left";

/** Long, because the processors that emulate may be busy. */
const FILE_LIMIT_SECONDS = 900;

/** In this time the first file has begun: the machine has come up, and has loaded the BPF programs. */
const BEGINNING_SECONDS = 300;

/** In this time a machine's files have begun, where there is enough. */
const FILES_SECONDS = 3000;

/** The last file of a machine may take so much longer than a suite that begins at the last moment. */
const LAST_FILE_SECONDS = 400;

const begunUntil = beginUntil - LAST_FILE_SECONDS * 1000;

/** With more files than this, the fault is no deadline that one of them missed. */
const MOST_FILES_AGAIN = 3;

/** Runs test files in a machine; those in which something failed once more, in a new one. Undefined if no time was left. */
export async function runTests(
  kind: Kind,
  files: readonly string[],
  equipment: Equipment,
): Promise<Outcome | undefined> {
  if (!isTimeLeft()) return undefined;
  const first = await runOnce(kind, files, equipment);
  const again = failedFiles(first.results, files);
  const isWell = first.ended.status !== undefined && !first.ended.timedOut;
  if (!isWell || again.length === 0 || again.length > MOST_FILES_AGAIN || !isTimeLeft()) return first;
  const second = await runOnce(kind, again, equipment);
  return { ended: first.ended, results: afterSecond(first.results, second.results, again) };
}

const isTimeLeft = () => Date.now() + BEGINNING_SECONDS * 1000 < begunUntil;

async function runOnce(kind: Kind, files: readonly string[], equipment: Equipment): Promise<Outcome> {
  const share = mkdtempSync(join(tmpdir(), "isoline-vm-share-"));
  chmodSync(share, 0o755);
  try {
    await Promise.all([learnOnHost(share), packCases(share)]);
    const until = Math.min(begunUntil, Date.now() + FILES_SECONDS * 1000);
    const ended = await inMachine({
      ...equipment,
      modules: MODULES,
      command: [
        process.execPath,
        join(repository, "test/vm/guest/session.mjs"),
        kind.attachment,
        kind.temporary,
        String(until),
        String(FILE_LIMIT_SECONDS),
        ...files,
      ],
      environment: {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin:/usr/sbin:/sbin`,
        HOME: "/root",
        LC_ALL: "C",
        ISOLINE_SHARE: SHARE,
        ISOLINE_LEARNER: String(learner),
        ISOLINE_KERNEL: equipment.kernel.release,
        ISOLINE_SENSOR_TESTS: join(repository, "test/sensor"),
      },
      parameters: parametersFor(kind, equipment.kernel),
      processors: kind.processors,
      share,
      limitSeconds: (until - Date.now()) / 1000 + FILE_LIMIT_SECONDS,
    });
    return { ended, results: readResults(told(share), files) };
  } finally {
    rmSync(share, { recursive: true, force: true });
  }
}

function told(share: string): string {
  try {
    return readFileSync(join(share, "results"), "utf8");
  } catch {
    return "";
  }
}
