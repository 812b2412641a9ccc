/** Runs test files in a machine; returns the result of each test. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

/** Long, because the processors that emulate may be busy. */
const LIMIT_SECONDS = 3000;
const FILE_LIMIT_SECONDS = 900;

/** With more files than this, the fault is no deadline that one of them missed. */
const MOST_FILES_AGAIN = 3;

/** Runs test files in a machine; those in which something failed once more, in a new one. */
export async function runTests(kind: Kind, files: readonly string[], equipment: Equipment): Promise<Outcome> {
  const first = await runOnce(kind, files, equipment);
  const again = failedFiles(first.results, files);
  const isWell = first.ended.status !== undefined && !first.ended.timedOut;
  if (!isWell || again.length === 0 || again.length > MOST_FILES_AGAIN) return first;
  const second = await runOnce(kind, again, equipment);
  return { ended: first.ended, results: afterSecond(first.results, second.results, again) };
}

/** One after the other, each in a process of its own, so that a crash ends only one. */
async function runOnce(kind: Kind, files: readonly string[], equipment: Equipment): Promise<Outcome> {
  const share = mkdtempSync(join(tmpdir(), "isoline-vm-share-"));
  chmodSync(share, 0o755);
  try {
    await Promise.all([learnOnHost(share), packCases(share)]);
    const options = [
      "--test",
      "--test-concurrency=1",
      `--test-timeout=${FILE_LIMIT_SECONDS * 1000}`,
      `--test-reporter=${join(repository, "test/vm/guest/reporter.mjs")}`,
      `--test-reporter-destination=${SHARE}/results`,
    ];
    const ended = await inMachine({
      ...equipment,
      modules: MODULES,
      command: [
        process.execPath,
        join(repository, "test/vm/guest/session.mjs"),
        kind.attachment,
        kind.temporary,
        ...options,
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
      limitSeconds: LIMIT_SECONDS,
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
