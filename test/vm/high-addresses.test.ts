/**
 * A processor with five-level page tables: arguments above 2^53, which a double cannot represent, are read where the kernel
 * reads them.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compiler, sections } from "../sensor/case.ts";
import { inMachine, repository, SHARE } from "./machine/machine.ts";
import { equipment } from "./machine/machines.ts";
import { isCI } from "../support/machine.ts";

const found = equipment();
const isPossible = !("missing" in found) && compiler && isCI;

const SCRIPT = `
cd "$(mktemp -d)"; mkdir etc; echo harmless > etc/shadow; cp ${SHARE}/high .
isoline() { ${repository}/packages/isoline/bin/isoline "$@"; }
probe() {
  echo "== $1"; shift
  "$@" 2> err; echo "status $?"
  sed -n "s/[:;] [0-9]* events against .*//; /^isoline: o[nf]* contour/p; /^isoline: refused/p" err
}
probe learn isoline learn -q -o ../high.contour -- ./high plain ./etc/shadow
probe check isoline check ../high.contour -- ./high plain ./etc/shadow
probe far isoline check ../high.contour -- ./high far /etc/shadow
probe enforced isoline run ../high.contour --enforce --no-landlock -- ./high far /etc/shadow
`;

/** For each probe: what the program says, its status, and what isoline reports. */
const PROBES = {
  learn: "opened\nstatus 0\n",
  check: "opened\nstatus 0\nisoline: on contour\n",
  far: `opened
status 3
isoline: off contour: \`high\` opened /etc/shadow for reading; nearest on contour: opened $CWD/etc/shadow for reading
isoline: off contour: 1 departure
`,
  enforced: `refused
status 0
isoline: refused, off contour: \`high\` opened /etc/shadow for reading; nearest on contour: opened $CWD/etc/shadow for reading
isoline: off contour: 1 departure, all refused
`,
};

describe.skipIf(!isPossible)("a machine with five-level page tables (CI; needs gcc, qemu and a stock kernel)", () => {
  it("shows the path that the kernel takes, at any address", { timeout: 900_000 }, async () => {
    const share = mkdtempSync(join(tmpdir(), "isoline-vm-share-"));
    try {
      chmodSync(share, 0o755);
      const source = fileURLToPath(new URL("./programs/high.c", import.meta.url));
      execFileSync("gcc", ["-static", "-O1", "-o", join(share, "high"), source]);
      writeFileSync(join(share, "script.sh"), SCRIPT);
      const { output, status } = await inMachine({
        ...(found as Exclude<typeof found, { missing: string }>),
        command: ["sh", `${SHARE}/script.sh`],
        environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: "/root" },
        parameters: ["no_timer_check", "tsc=unstable"],
        processor: "max,pku=off,la57=on",
        share,
        limitSeconds: 800,
      });
      expect({ status, probes: Object.fromEntries(sections(output)) }).toEqual({ status: 0, probes: PROBES });
    } finally {
      rmSync(share, { recursive: true, force: true });
    }
  });
});
