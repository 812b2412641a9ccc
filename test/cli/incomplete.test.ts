/** A loss makes a check incomplete: neither on contour nor off it, and never a success. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { program } from "./isoline.ts";
import { hasOrdinaryUser, isRoot } from "../support/machine.ts";

const hasPerl = spawnSync("perl", ["-e", "1"]).status === 0;
/** prctl(PR_SET_DUMPABLE, 0): from here on, no process without privileges may look into this one. */
const CLOSED = "syscall(157, 4, 0, 0, 0, 0); open(F, q(/etc/hostname)) or exit 9; exit 0";

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-closed-"));
  chmodSync(place, 0o777);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** As an ordinary user, because root may look into every process. */
function asUser(...words: string[]) {
  const before = isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const [first, ...rest] = [...before, program, ...words] as [string, ...string[]];
  return spawnSync(first, rest, { encoding: "utf8", cwd: place, env: { ...process.env, HOME: place } });
}

describe.skipIf(!hasPerl || !hasOrdinaryUser)(
  "needs perl and an ordinary user: a workload that closes itself to its supervisor",
  () => {
    const command = ["--", "perl", "-e", CLOSED];

    it("is learnt with a contour that says it is incomplete", () => {
      const { status, stderr } = asUser("learn", "-o", "closed.contour", ...command);
      expect(status).toBe(4);
      expect(stderr).toContain("incomplete: path not read (task-closed-to-sensor)");
    });

    it("ends a check with status 4, although nothing was off contour", () => {
      const { status, stderr } = asUser("check", "closed.contour", ...command);
      expect(stderr).toContain("incomplete");
      expect(status).toBe(4);
    });

    it("is refused what cannot be seen when enforcing", () => {
      expect(asUser("run", "closed.contour", "--enforce", ...command).status).toBe(9);
    });
  },
);
