/** The directory of the pins, once root has opened it to others or given it to another user, as a watched workload of root's may. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { attachesByTracepoints } from "./attachment.ts";

const program = fileURLToPath(new URL("./workloads/opened-pins.mjs", import.meta.url));
const beside = 'mount -t bpf -o mode=0700 bpf /sys/fs/bpf && exec "$0" "$1"';

describe.skipIf(!attachesByTracepoints)("pins (needs root, a build, and tracepoints for BPF)", () => {
  it("that others could reach hide no member, and keep no namespace from ending", { timeout: 120_000 }, () => {
    const { stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", beside, process.execPath, program], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      members: { asMade: true, read: true, written: "throws", closed: true, beside: true, owned: "throws" },
      closed: "700",
      ended: { leave: "throws", closes: true },
      loads: { unreadable: ["/sys/fs/bpf/isoline/of another build"], ended: ["empty"], left: [] },
    });
  });
});
