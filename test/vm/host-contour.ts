/** The contour of one workload, learnt on the host, to be checked in a virtual machine. */
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isoline, type Start } from "../support/isoline.ts";
import { repository } from "./machine/machine.ts";

/** `nobody` for root, because root's capabilities differ from machine to machine; otherwise the current user. */
export const learner = process.getuid?.() === 0 ? 65534 : (process.getuid?.() ?? 65534);

/** Writes `host.contour` and its `host.state` to the share. */
export async function learnOnHost(share: string): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "isoline-vm-host-"));
  try {
    chmodSync(place, 0o755);
    chownSync(place, learner, learner);
    const contour = join(share, "host.contour");
    const start = { cwd: place, uid: learner };
    await said(["learn", "-o", "host.contour", "--", "sh", join(repository, "test/vm/guest/workload.sh")], start);
    const { state } = JSON.parse(await said(["verify", "--json", "host.contour"], start)) as { state: string };
    copyFileSync(join(place, "host.contour"), contour);
    chmodSync(contour, 0o644);
    writeFileSync(join(share, "host.state"), state);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function said(args: readonly string[], start: Start): Promise<string> {
  const { status, stdout, stderr } = await isoline(args, start);
  if (status !== 0) throw new Error(`isoline ${args.join(" ")} failed on the host: ${stderr}`);
  return stdout;
}
