/** What a stock kernel in a virtual machine answers: for each mitigation, and for an engine over vsock. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { inMachine, repository } from "./machine/machine.ts";
import { equipment } from "./machine/machines.ts";

const found = equipment();
const isPossible = isCI && isBuilt && !("missing" in found);
const LIMIT_MS = 900_000;

interface Answers {
  readonly answers: Readonly<Record<string, { readonly is: string; readonly why?: string }>>;
  readonly cpus: { readonly departed: string; readonly trusted: string };
  readonly encryption: readonly string[];
}

describe.skipIf(!isPossible)("a machine with a stock kernel (CI; needs a build, qemu and that kernel)", () => {
  let said: { readonly answers: Answers; readonly vsock: unknown };

  beforeAll(async () => {
    if (!isPossible) return;
    const share = mkdtempSync(join(tmpdir(), "isoline-vm-share-"));
    chmodSync(share, 0o755);
    const guest = join(repository, "test/vm/guest");
    const { output, console } = await inMachine({
      ...found,
      modules: ["vsock_loopback"],
      command: ["sh", "-c", `node ${guest}/mitigation-answers.mjs; node ${guest}/over-vsock.mjs`],
      environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: "/root" },
      processors: 2,
      parameters: ["l1d_flush=on", "spec_store_bypass_disable=prctl"],
      share,
      limitSeconds: 800,
    });
    rmSync(share, { recursive: true, force: true });
    const lines = output.split("\n").filter((line) => line.startsWith("{"));
    if (lines.length !== 2) throw new Error(`expected two lines of JSON, got: ${output}${console.slice(-2000)}`);
    const [answers, vsock] = lines.map((line) => JSON.parse(line) as unknown);
    said = { answers: answers as Answers, vsock };
  }, LIMIT_MS);

  it("answers for each mitigation as docs/mitigations.md has it", () => {
    const page = readFileSync(join(repository, "docs/mitigations.md"), "utf8");
    const row = page.split("\n").find((line) => line.startsWith("| QEMU without KVM")) ?? "";
    const cells = row.split("|").map((cell) => cell.trim());
    const told = ["store-bypass", "indirect-branch", "l1d-flush", "own-core", "own-cpus"].map((name) => {
      const answer = said.answers.answers[name];
      if (answer?.is !== "refused") return answer?.is ?? "nothing";
      return /\bE[A-Z]+\b/.exec(answer.why ?? "")?.[0] ?? answer.why;
    });
    expect(told).toEqual(cells.slice(2, 7).map((cell) => /^[\w-]+/.exec(cell)?.[0]));
    expect(said.answers.encryption.join(" ") || "none").toBe(cells[7]);
  });

  it("gives a process that departed a processor of its own, by control groups of version 2", () => {
    expect(said.answers.cpus).toEqual({ departed: "1", trusted: "0" });
  });

  it("carries an engine's wire over vsock: the same contour, and what departs is refused", () => {
    expect(said.vsock).toMatchObject({ learnt: 0, isSame: true, isRefused: true });
  });
});
