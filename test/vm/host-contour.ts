/** The contour of one workload, learnt on the host, for a machine to be measured by. */
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isoline } from "../support/isoline.ts";
import { repository } from "./machine/machine.ts";

/** `nobody` where we are root, because root's capabilities differ from machine to machine; otherwise ourselves. */
export const learner = process.getuid?.() === 0 ? 65534 : (process.getuid?.() ?? 65534);

/** Leaves `host.contour` in the share. */
export async function learnOnHost(share: string): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "isoline-vm-host-"));
  try {
    chmodSync(place, 0o755);
    chownSync(place, learner, learner);
    const workload = join(repository, "test/vm/guest/workload.sh");
    const { status, stderr } = await isoline(["learn", "-o", "host.contour", "--", "sh", workload], {
      cwd: place,
      uid: learner,
    });
    if (status !== 0) throw new Error(`the workload was not learnt on the host: ${stderr}`);
    copyFileSync(join(place, "host.contour"), join(share, "host.contour"));
    chmodSync(join(share, "host.contour"), 0o644);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
