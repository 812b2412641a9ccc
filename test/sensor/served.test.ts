/**
 * A workload that serves files could keep the supervisor waiting in the kernel for good, so it is refused in every mode. If a
 * server outside does so, isoline reports it when it is told to end, and ends with a failure.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { isBuilt } from "./supervised.ts";
import { ended, isolineProgram, readReport } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

const EPERM = 1;
const NAMESPACE_LOST = 125;
const REFUSED = ["device", "type", "type-by-descriptor", "disk"].map((step) => `${step} errno ${EPERM}\n`).join("");
const isThere = isRoot && existsSync("/dev/fuse");

describe.skipIf(!compiler || !isBuilt || !isThere)(
  "files that a process serves (needs gcc, a build, root, FUSE)",
  () => {
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench();
      const source = fileURLToPath(new URL("./served.c", import.meta.url));
      execFileSync("gcc", ["-static", "-O1", "-w", "-o", bench.at("served"), source]);
      mkdirSync(bench.at("dir"), { recursive: true });
      execFileSync("mknod", [bench.at("disk"), "b", "43", "0"]);
      execFileSync("mknod", [bench.at("ata"), "b", "152", "16"]);
      execFileSync("mknod", [bench.at("cuse"), "c", "10", "203"]);
    });
    afterAll(() => bench?.close());

    const run = (...words: string[]) => ended(isolineProgram, words, { cwd: bench.directory });

    it("a workload cannot serve files, learning, watched or enforced", async () => {
      const modes = ["learn -o contour", "check contour", "run --enforce contour"];
      for (const words of modes) {
        const { stdout } = await run(...words.split(" "), "--report", "report.json", "--", "./served");
        expect([words, stdout]).toEqual([words, REFUSED]);
        const { incomplete, verdict } = readReport(bench.directory);
        expect(incomplete).toEqual([]);
        expect(verdict).toBe(words.startsWith("learn") ? "learnt" : "on-contour");
      }
    });

    it.each(["ata", "cuse"])(
      "a disk over Ethernet and a device that a process serves cannot be opened: %s",
      async (device) => {
        const { stdout } = await run(
          "learn",
          "-o",
          `${device}.contour`,
          "--",
          "sh",
          "-c",
          `(: < ${device}) 2>&1; (: < file) && echo other`,
        );
        expect(stdout).toMatch(new RegExp(`${device}: Operation not permitted\nother\n$`));
      },
    );

    it("a server outside never answers: isoline reports it when it is told to end, and writes no report", async () => {
      let server = 0;
      let again: NodeJS.Timeout | undefined;
      const inside = "trap '' TERM; cat dir/name & exit 0";
      const words = ["learn", "-o", "stuck", "--report", "stuck.json", "--", "sh", "-c", inside];
      // In a mount namespace of its own, so that nothing stays mounted.
      const running = ended("unshare", ["--mount", "./served", "around", isolineProgram, ...words], {
        cwd: bench.directory,
        onStart: (child) => {
          let text = "";
          child.stdout?.on("data", (more: string) => {
            text += more;
            server = Number(/^server (\d+)$/m.exec(text)?.[1] ?? 0);
            if (text.includes("asked")) again ??= setInterval(() => child.kill("SIGTERM"), 500);
          });
          // No signal ends this wait: isoline exits once the server is gone.
          child.stderr?.on("data", (more: string) => {
            if (more.includes("its supervising thread does not return from the kernel"))
              process.kill(server, "SIGKILL");
          });
        },
      });
      const { status, stderr } = await running;
      clearInterval(again);
      expect(stderr).toContain("its supervising thread does not return from the kernel");
      expect(status).toBe(NAMESPACE_LOST);
      expect(existsSync(bench.at("stuck.json"))).toBe(false);
    });
  },
);
