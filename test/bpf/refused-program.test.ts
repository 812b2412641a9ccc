/** The error for a program that the kernel refuses keeps the verifier's log, and ISOLINE_DEBUG shows it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BpfObject } from "../../packages/linux/src/libbpf/object.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

/** Reads memory at a random address. */
const PROGRAM = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("raw_tp/sys_enter") int astray(void *ctx) { return *(int *)(long)bpf_get_prandom_u32(); }
`;

const COMPILER = "clang-19";
const clang = spawnSync(COMPILER, ["--version"]).status === 0;
const compile = ["-target", "bpf", "-O2", "-g", "-I/usr/include/x86_64-linux-gnu"];

describe.skipIf(!isRoot || !clang || !isBuilt)("a program that the verifier refuses (needs root and clang-19)", () => {
  let place: string;
  const object = () => join(place, "astray.bpf.o");
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-refused-"));
    writeFileSync(join(place, "astray.bpf.c"), PROGRAM);
    execFileSync(COMPILER, [...compile, "-c", join(place, "astray.bpf.c"), "-o", object()]);
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const fault = () => {
    const loaded = BpfObject.open(object());
    try {
      loaded.load();
    } catch (thrown) {
      return thrown as Error;
    } finally {
      loaded.close();
    }
    throw new Error("the kernel accepted it");
  };

  it("is an error whose cause is the verifier's log", () => {
    const { message, cause } = fault();
    expect(message).toMatch(/refuses to load the BPF programs \(errno \d+\)$/);
    expect(cause).toMatch(/astray[\s\S]*invalid mem access/);
  });

  it.each([
    ["1", /invalid mem access/],
    ["", /^$/],
  ])("is printed on stderr with ISOLINE_DEBUG=%j", (value, said) => {
    const module = join(import.meta.dirname, "../../packages/linux/dist/libbpf/object.js");
    const script = `import { BpfObject } from ${JSON.stringify(module)};
      try { BpfObject.open(${JSON.stringify(object())}).load(); } catch {}`;
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      env: { ...process.env, ISOLINE_DEBUG: value },
    });
    expect(stderr).toMatch(said);
  });
});
