/** Measurement in real namespaces. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMeasured } from "../../packages/isoline/src/integrity/list/entry.ts";
import { verifyList } from "../../packages/isoline/src/integrity/list/verify.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { Bench, listOf, namesIn } from "./live.ts";
import { document } from "./signed-files.ts";
import { isInstalled } from "../support/machine.ts";

const bench = new Bench();

describe.skipIf(!isBuilt)("measurement", () => {
  const policy =
    "measure func=BPRM_CHECK\nmeasure func=FILE_CHECK mask=MAY_READ\nmeasure func=MMAP_CHECK mask=MAY_EXEC\n";

  it("begins with the boot aggregate and contains once what was executed, mapped and read", async () => {
    const text = document(bench.place, "read.txt", "text\n");
    const outcome = await bench.learn(`cat ${text} ${text}; cat ${text}`, { policy });
    const measured = namesIn(listOf(outcome));
    expect(measured[0]).toBe("boot_aggregate");
    expect(measured.filter((name) => name === text)).toHaveLength(1);
    expect(measured.some((name) => name.endsWith("/libc.so.6"))).toBe(true);
    expect(measured.some((name) => name.endsWith("/cat"))).toBe(true);
    expect(outcome.integrity?.entries).toBe(measured.length);
  });

  it("verifies in every bank, and reaches the registers of the report", async () => {
    const outcome = await bench.learn("true; cat /etc/hostname", { policy });
    for (const [bank, suffix] of [
      ["sha1", ""],
      ["sha256", "_sha256"],
      ["sha384", "_sha384"],
    ] as const) {
      const { problems, registers } = verifyList(listOf(outcome, suffix));
      expect(problems).toEqual([]);
      expect(registers.bank).toBe(bank);
      expect(Object.fromEntries(registers.entries())).toEqual(outcome.integrity?.registers[bank]);
    }
  });

  it("measures a file again once it has changed", async () => {
    const text = document(bench.place, "changes.txt", "one\n");
    const outcome = await bench.learn(`cat ${text}; echo two > ${text}; cat ${text}`, { policy });
    expect(namesIn(listOf(outcome)).filter((name) => name === text)).toHaveLength(2);
  });

  it("records a violation for a file that is read while it is written, and written while it is read", async () => {
    const text = document(bench.place, "raced.txt", "one\n");
    const outcome = await bench.learn(`exec 3>>${text}; cat ${text}; exec 3>&-; exec 4<${text}; echo two >> ${text}`, {
      policy,
    });
    expect(outcome.integrity?.violations).toBe(2);
    expect(
      Array.from(outcome.audit.matchAll(/^type=INTEGRITY_PCR .* op=invalid_pcr cause=(\S+) /gm), ([, cause]) => cause),
    ).toEqual(["open_writers", "ToMToU"]);
    expect(verifyList(listOf(outcome))).toMatchObject({ violations: 2, problems: [] });
  });

  it("sees a writer that created the file, and none after the last one closed it", async () => {
    const [open, shut] = [bench.path("made-open.txt"), bench.path("made-shut.txt")];
    const outcome = await bench.learn(`exec 3>${open}; echo one >&3; cat ${open}; echo one > ${shut}; cat ${shut}`, {
      policy,
    });
    expect(outcome.integrity?.violations).toBe(1);
    expect(outcome.audit).toMatch(/cause=open_writers .*made-open/);
  });

  it("measures by several templates into several registers, in the algorithm of each rule", async () => {
    const text = document(bench.place, "templates.txt", "text\n");
    const outcome = await bench.learn(`cat ${text}`, {
      more: ["--ima-hash", "sha384"],
      policy: [
        "measure func=BPRM_CHECK template=ima-ng pcr=11",
        "measure func=MMAP_CHECK template=ima pcr=12",
        "measure func=FILE_CHECK mask=MAY_READ template=ima-sigv2",
      ].join("\n"),
    });
    const list = listOf(outcome);
    expect(new Set(list.entries.map(({ template }) => template))).toEqual(
      new Set(["ima-sig", "ima-ng", "ima", "ima-sigv2"]),
    );
    expect(verifyList(list).problems).toEqual([]);
    const measured = list.entries.map((entry, at) => readMeasured(entry, true, at + 1)?.file);
    expect(new Set(measured.map((file) => file?.algorithm))).toEqual(new Set(["sha384", undefined]));
    expect(Object.keys(outcome.integrity?.registers["sha256"] ?? {})).toEqual(["10", "11", "12"]);
  });

  it("measures keys and critical data where the policy says so", async () => {
    const outcome = await bench.learn("true", {
      policy: "measure func=KEY_CHECK keyrings=.ima\nmeasure func=CRITICAL_DATA pcr=11\n",
    });
    expect(namesIn(listOf(outcome)).slice(1)).toEqual([".ima", ".ima", "kernel_version", "contour_state"]);
    const list = listOf(outcome);
    expect(readMeasured(list.entries[1] as (typeof list.entries)[number], true, 2)?.buffer?.equals(bench.rsa.der)).toBe(
      true,
    );
    expect(verifyList(list).problems).toEqual([]);
  });

  it.skipIf(!isInstalled("evmctl"))("is read by evmctl, which agrees with the registers", async () => {
    const outcome = await bench.learn("cat /etc/hostname", { policy });
    const { lists } = outcome;
    for (const bank of ["sha1", "sha256"]) {
      const values = outcome.integrity?.registers[bank] ?? {};
      const size = (values["10"] as string).length;
      const lines = Array.from({ length: 24 }, (_, at) => {
        const value = values[String(at)] ?? "0".repeat(size);
        return `PCR-${String(at).padStart(2, "0")}: ${value.replace(/../g, "$& ")}\n`;
      });
      writeFileSync(join(lists, "pcrs"), lines.join(""));
      const said = spawnSync(
        "evmctl",
        ["ima_measurement", "--pcrs", `${bank},${join(lists, "pcrs")}`, join(lists, "binary_runtime_measurements")],
        { encoding: "utf8" },
      );
      expect(said.stderr + said.stdout).toMatch(/Matched per TPM bank calculated digest\(s\)/);
      expect(said.status).toBe(0);
    }
  });

  it("reports an invalid policy, key or template before the start", async () => {
    const started = bench.path("started");
    writeFileSync(
      bench.path("not-upheld"),
      "measure\nappraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_flag=check_blacklist\n",
    );
    for (const [more, why] of [
      [["--ima-policy", bench.path("not-upheld")], /line 2, column 1: a namespace has no blacklist/],
      [["--ima-policy", bench.path("none")], /none: expected a policy file/],
      [["--ima-key", "/etc/hostname"], /hostname: expected a certificate or an RSA/],
      [["--ima-template", "ima-best"], /expected a template of files/],
      [["--ima-audit", bench.path("no", "such", "place")], /cannot write \S+place: its directory does not exist/],
    ] as const) {
      const { status, stderr } = await isoline(
        ["learn", "-o", bench.path("x.contour"), ...more, "--", "touch", started],
        { cwd: bench.place },
      );
      expect(status).not.toBe(0);
      expect(stderr).toMatch(why);
    }
    expect(existsSync(started)).toBe(false);
  });

  it("a kernel's command line is measured when a task with the right to start it asks to", async () => {
    const mayBoot =
      (BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]}`) >> 22n) & 1n;
    const script = bench.path("kexec.py");
    // Without a kernel: a task with the right gets EBADF for descriptor -1.
    const call = "libc.syscall(320, -1, -1, ctypes.c_ulong(8), b'quiet x', 4)";
    writeFileSync(script, `import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(${call})\n`);
    const outcome = await bench.learn(`python3 ${script}`, { policy: "measure func=KEXEC_CMDLINE pcr=12\n" });
    expect(outcome.stdout).toBe("-1\n");
    const entries = listOf(outcome).entries.filter(({ template }) => template === "ima-buf");
    expect(entries.map(({ register, data }) => [register, data.toString("latin1").slice(-7)])).toEqual(
      mayBoot === 1n ? [[12, "quiet x"]] : [],
    );
  });
});
