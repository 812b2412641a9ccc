/**
 * The integrity view under the bpf sensor attached by tracepoints, natively: the same files as under the seccomp sensor, and
 * what it cannot do. The virtual machines test it where the sensor can refuse (test/vm/guest).
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { verifyList } from "../../packages/isoline/src/integrity/list/verify.ts";
import { Bench, listOf, maySign, namesIn, type Outcome, type Run } from "../integrity/live.ts";
import { document, OWNER, program, signatureOver } from "../integrity/signed-files.ts";
import { isoline } from "../support/isoline.ts";
import { attachesByTracepoints } from "./attachment.ts";

const bench = new Bench();
const byBpf = (script: string, { more = [], ...run }: Run) =>
  bench.learn(script, { ...run, more: ["--sensor", "bpf", ...more] });

/** What was measured, by digest and name, in no order: records do not arrive in the order of the events. */
const measured = (outcome: Outcome) =>
  listOf(outcome)
    .entries.map(({ data }) => data.toString("latin1"))
    .sort();
const reasons = (outcome: Outcome): string => /incomplete.*/.exec(outcome.stderr)?.[0] ?? "";

describe.skipIf(!attachesByTracepoints)("the integrity view, attached by tracepoints", () => {
  const policy =
    "measure func=BPRM_CHECK\nmeasure func=FILE_CHECK mask=MAY_READ\nmeasure func=MMAP_CHECK mask=MAY_EXEC\n";

  it("measures the same as the seccomp sensor, each version of a file once", async () => {
    const text = document(bench.place, "told.txt", "text\n");
    const script = join(bench.place, "told.sh");
    writeFileSync(script, `#!/bin/sh\ncat ${text} ${text}\n`);
    chmodSync(script, 0o755);
    const library = join(bench.place, "told.so");
    copyFileSync("/usr/lib/x86_64-linux-gnu/libm.so.6", library);
    const words = `${script}; cat ${text}; LD_PRELOAD=${library} /usr/bin/true; sort ${text}`;
    const [seccomp, bpf] = [await bench.learn(words, { policy }), await byBpf(words, { policy })];
    expect(reasons(bpf)).toBe("");
    expect(measured(bpf)).toEqual(measured(seccomp));
    expect(namesIn(listOf(bpf)).filter((name) => name === text)).toHaveLength(1);
    expect(namesIn(listOf(bpf))).toContain(library);
    expect(verifyList(listOf(bpf, "_sha256")).problems).toEqual([]);
  });

  it("measures a file again once it has changed, also by an open that was decided before", async () => {
    const text = document(bench.place, "told-changes.txt", "one\n");
    const script = `cat ${text}; cat ${text}; sleep 2; echo two >${text}; cat ${text}; sleep 2; cat ${text}`;
    const outcome = await byBpf(script, { policy });
    expect(reasons(outcome)).toBe("");
    expect(namesIn(listOf(outcome)).filter((name) => name === text)).toHaveLength(2);
  });

  it("reports a file that had changed before it could be read", async () => {
    const text = document(bench.place, "told-late.txt", "one\n");
    const script = `kill -STOP $PPID; cat ${text}; echo two >>${text}; kill -CONT $PPID`;
    const outcome = await byBpf(script, { policy: `measure func=FILE_CHECK mask=MAY_READ fowner=${OWNER}\n` });
    expect(reasons(outcome)).toMatch(/a file had changed before it could be inspected, and was not measured/);
    expect(namesIn(listOf(outcome))).toEqual(["boot_aggregate"]);
  });

  it("records a violation for a file that is read while another process writes it", async () => {
    const text = document(bench.place, "told-raced.txt", "one\n");
    const outcome = await byBpf(`exec 3>>${text}; cat ${text}; sleep 2`, { policy });
    expect(outcome.integrity?.violations).toBe(1);
    expect(outcome.audit).toMatch(/cause=open_writers .*told-raced/);
  });

  it.skipIf(!maySign)("appraises and audits what was used, and again what has changed since", async () => {
    const directory = bench.path("told");
    mkdirSync(directory);
    program(directory, "good", (content) => signatureOver(content, bench.rsa));
    program(directory, "bad");
    const rules = `appraise func=BPRM_CHECK fowner=${OWNER} appraise_type=imasig\naudit func=BPRM_CHECK fowner=${OWNER}\n`;
    const script = `cd ${directory}; ./good; ./bad; sleep 2; echo >>good; ./good`;
    const outcome = await byBpf(script, { policy: rules, mode: "log" });
    expect(outcome.status).toBe(0);
    const found = Array.from(outcome.audit.matchAll(/cause=(\S+) .*name="[^"]*\/([^"/]+)"/g), ([, why, name]) => [
      name,
      why,
    ]);
    expect(found).toEqual([
      ["bad", "IMA-signature-required"],
      ["good", "invalid-signature"],
    ]);
    expect(outcome.audit.match(/^type=INTEGRITY_RULE .*file=.*hash=/gm)).toHaveLength(3);
  });

  it("does not start if it would have to refuse, which it cannot; nor with rules about what it does not see", async () => {
    const started = bench.path("told-started");
    for (const [rules, why] of [
      ["appraise func=BPRM_CHECK fowner=1\n", /only tracepoints.*--ima-appraise log/],
      ["measure\nmeasure func=KEXEC_CMDLINE\n", /line 2, column 1: the bpf sensor has no hook for KEXEC_CMDLINE/],
    ] as const) {
      const more = ["--sensor", "bpf", "--ima-policy", bench.path("told-policy")];
      writeFileSync(bench.path("told-policy"), rules);
      const args = ["learn", "-o", bench.path("told.contour"), ...more, "--", "touch", started];
      const { status, stderr } = await isoline(args, { cwd: bench.place });
      expect(status).not.toBe(0);
      expect(stderr).toMatch(why);
    }
    expect(existsSync(started)).toBe(false);
    expect(existsSync(bench.path("told.contour"))).toBe(false);
  });
});
