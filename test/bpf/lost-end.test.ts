/** A process whose end the BPF programs could not tell of, because the ring was full, is found to have ended all the same. */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isoline } from "../support/isoline.ts";
import { readReport } from "../support/report.ts";
import { attachesByTracepoints } from "./attachment.ts";

/** So long that some thousand records fill a ring: each contains its path. The shorter ones leave no room for a small record, either. */
const deep = Array(14).fill("d".repeat(200)).join("/");
const script = `
  my $child = fork // die;
  if ($child == 0) { sleep 600; exit }
  sub said { open(my $file, '>', $_[0]) or die }
  sub heard { until (-e $_[0]) { select undef, undef, undef, 0.05 } }
  said('begun');
  heard('flood');
  for (1 .. 6000) { opendir my $directory, '${deep}' }
  for (1 .. 3000) { opendir my $directory, '/etc' }
  kill 'KILL', $child;
  waitpid $child, 0;
  said('flooded');
  heard('over');
`;

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 120_000, interval: 50 }).toBe(true);

describe.skipIf(!attachesByTracepoints)("an end that is lost (needs root, a build, and tracepoints for BPF)", () => {
  it("is found once records are read again", { timeout: 400_000 }, async () => {
    const cwd = mkdtempSync(join(tmpdir(), "isoline-lost-end-"));
    const name = `losing-${process.pid}`;
    const processes = async () => {
      const { status, stdout } = await isoline(["trust", name, "--json"], { cwd });
      // It may not answer yet, or not in time.
      return status === 0 ? (JSON.parse(stdout) as readonly unknown[]).length : undefined;
    };
    const say = (word: string) => writeFileSync(join(cwd, word), "");
    let supervisor: ChildProcess | undefined;
    try {
      mkdirSync(join(cwd, deep), { recursive: true });
      const options = ["-q", "--sensor", "bpf", "--name", name, "-o", "losing.contour", "--report", "report.json"];
      const onStart = (child: ChildProcess) => (supervisor = child);
      const run = isoline(["learn", ...options, "--", "perl", "-e", script], { cwd, onStart });
      await until(() => existsSync(join(cwd, "begun")));
      await expect.poll(processes, { timeout: 60_000 }).toBe(2);
      supervisor?.kill("SIGSTOP");
      say("flood");
      await until(() => existsSync(join(cwd, "flooded")));
      supervisor?.kill("SIGCONT");
      await expect.poll(processes, { timeout: 60_000 }).toBe(1);
      say("over");
      await run;
      const untold = expect.objectContaining({ reason: "the kernel could not tell of an event" });
      expect(readReport(join(cwd, "report.json")).incomplete).toContainEqual(untold);
    } finally {
      supervisor?.kill("SIGKILL");
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
