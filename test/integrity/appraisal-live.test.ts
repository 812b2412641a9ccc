/** Appraisal in real namespaces: good files and bad files are executed, mapped, read and written. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readMeasured } from "../../packages/isoline/src/integrity/list/entry.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { Bench, listOf, maySign } from "./live.ts";
import { attributeOf, document, hashOver, OWNER, program, signatureOver } from "./signed-files.ts";

const bench = new Bench();
const runAll = (paths: readonly string[]) => paths.map((path) => `${path} 2>/dev/null; echo $?`).join("\n");

describe.skipIf(!isBuilt || !maySign)("appraisal, as root on a filesystem with security attributes", () => {
  const kinds = ["signed", "signed-ec", "hashed", "unsigned", "tampered", "wrong-key", "wrong-version", "malformed"];
  let paths: string[] = [];
  const policy = `appraise func=BPRM_CHECK fowner=${OWNER} appraise_type=imasig\naudit func=BPRM_CHECK fowner=${OWNER}\n`;

  beforeAll(() => {
    const directory = bench.path("appraised");
    mkdirSync(directory);
    const make: Record<string, ((content: Buffer) => Buffer) | undefined> = {
      signed: (content) => signatureOver(content, bench.rsa),
      "signed-ec": (content) => signatureOver(content, bench.ec),
      hashed: hashOver,
      tampered: (content) => signatureOver(content, bench.rsa),
      "wrong-key": (content) => signatureOver(content, bench.stranger),
      "wrong-version": (content) => signatureOver(content, bench.rsa, 7),
      malformed: (content) => signatureOver(content, bench.rsa).subarray(0, 100),
    };
    paths = kinds.map((kind) => program(directory, kind, make[kind]));
    appendFileSync(join(directory, "tampered"), "\0");
  });

  const causes = (audit: string) =>
    Array.from(
      audit.matchAll(/^type=INTEGRITY_DATA .*op=appraise_data cause=(\S+) .*name="[^"]*\/([^"/]+)"/gm),
      (found) => [found[2], found[1]],
    );
  const expected = [
    ["hashed", "IMA-signature-required"],
    ["unsigned", "IMA-signature-required"],
    ["tampered", "invalid-signature"],
    ["wrong-key", "invalid-signature"],
    ["wrong-version", "invalid-signature-version"],
    ["malformed", "invalid-signature"],
  ];

  it("says which files were not good and why, without an audit file: of the first program, which then does not start, too", async () => {
    const [shell, contour, rules, report] = ["sh", "first.contour", "first.policy", "first.json"].map((name) =>
      bench.path("appraised", name),
    ) as [string, string, string, string];
    program(bench.path("appraised"), "sh", undefined, "/bin/sh");
    writeFileSync(rules, `appraise func=BPRM_CHECK fowner=${OWNER} appraise_type=imasig\n`);
    const command = ["--", shell, "-c", "true"];
    await isoline(["learn", "-q", "-o", contour, ...command], { cwd: bench.place });
    const runs = (...how: readonly string[]) =>
      isoline(["run", contour, "--ima-policy", rules, "--report", report, ...how, ...command], { cwd: bench.place });
    const failures = [{ path: shell, cause: "IMA-signature-required", count: 1 }];
    const refused = await runs();
    expect(refused.status).toBe(126);
    expect(refused.stderr).toContain(`not good by the IMA policy, refused: ${shell}: IMA-signature-required (1 time)`);
    expect(refused.stderr).toContain("starting it was refused, and nothing ran");
    const told = JSON.parse(readFileSync(report, "utf8"));
    expect(told).toMatchObject({ exit: { status: 126 }, integrity: { denied: 1, failures } });
    const logged = await runs("--ima-appraise", "log");
    expect(logged.status).toBe(0);
    expect(logged.stderr).toContain(`not good by the IMA policy, only told: ${shell}: IMA-signature-required (1 time)`);
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ integrity: { denied: 0, failures } });
  });

  it("enforced: a file without a signature by a key does not run, the kernel's words give the reason, and it is on no contour", async () => {
    const { stdout, audit, integrity, contour } = await bench.learn(runAll(paths), { policy, mode: "enforce" });
    expect(stdout.trim().split("\n")).toEqual(["0", "0", "126", "126", "126", "126", "126", "126"]);
    expect(causes(audit)).toEqual(expected);
    expect(integrity?.denied).toBe(6);
    expect(contour).toMatch(/^.*exec .*\/appraised\/signed /m);
    expect(contour).not.toMatch(/exec .*\/appraised\/unsigned/);
  });

  it("logged: everything runs, and the same is reported; audited: every file with its digest and the user who ran it", async () => {
    const { stdout, audit, integrity } = await bench.learn(runAll(paths), { policy, mode: "log" });
    expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(["0"]));
    expect(causes(audit)).toEqual(expected);
    expect(integrity?.denied).toBe(0);
    const rules = audit.split("\n").filter((line) => line.startsWith("type=INTEGRITY_RULE "));
    expect(rules).toHaveLength(kinds.length);
    expect(rules[0]).toMatch(
      /^type=INTEGRITY_RULE msg=audit\(\d+\.\d{3}:\d+\): file="[^"]+\/signed" hash="sha256:[0-9a-f]{64}" ppid=\d+ pid=\d+ auid=\d+ uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=\S+ ses=\d+ comm="sh" exe="[^"]+" subj=\S+$/,
    );
  });

  it("fixed: a file without a signature gets its digest, and is good from then on", async () => {
    const unsigned = program(bench.path("appraised"), "to-fix");
    const signed = program(bench.path("appraised"), "to-keep", (content) => signatureOver(content, bench.stranger));
    const before = attributeOf(signed);
    const rule = `appraise func=BPRM_CHECK fowner=${OWNER}\n`;
    await bench.learn(runAll([unsigned, signed]), { policy: rule, mode: "fix" });
    expect(attributeOf(unsigned).equals(hashOver(readFileSync(unsigned)))).toBe(true);
    expect(attributeOf(signed).equals(before)).toBe(true);
    const { stdout } = await bench.learn(runAll([unsigned]), { policy: rule, mode: "enforce" });
    expect(stdout.trim()).toBe("0");
    appendFileSync(unsigned, "\0");
    expect((await bench.learn(runAll([unsigned]), { policy: rule, mode: "enforce" })).stdout.trim()).toBe("126");
  });

  it("reading, mapping and scripts are appraised by their own rules; a signed file is not opened for writing", async () => {
    const directory = bench.path("appraised");
    const good = document(directory, "good.txt", "good\n", (content) => signatureOver(content, bench.ec));
    const bad = document(directory, "bad.txt", "bad\n");
    const script = document(directory, "bad.sh", "#!/bin/sh\necho ran\n");
    const library = program(directory, "bad.so", undefined, "/usr/lib/x86_64-linux-gnu/libc.so.6");
    const rules = ["FILE_CHECK", "BPRM_CHECK", "MMAP_CHECK"].map((func) => `appraise func=${func} fowner=${OWNER}`);
    const { stdout, stderr } = await bench.learn(
      [
        `cat ${good}`,
        `cat ${bad} 2>/dev/null || echo no reading`,
        `${script} 2>/dev/null || echo no script`,
        `LD_PRELOAD=${library} /usr/bin/true 2>&1 | grep -c "Permission denied\\|cannot be preloaded"`,
        `(echo more >> ${good}) 2>/dev/null || echo no writing`,
      ].join("\n"),
      { policy: rules.join("\n"), mode: "enforce" },
    );
    expect(stderr).not.toMatch(/incomplete/);
    expect(stdout.trim().split("\n")).toEqual(["good", "no reading", "no script", "1", "no writing"]);
  });

  it("hash rules keep the digest in the attribute, and leave signatures unchanged", async () => {
    const directory = bench.path("appraised");
    const plain = document(directory, "to-hash.txt", "text\n");
    const signed = document(directory, "to-leave.txt", "text\n", (content) => signatureOver(content, bench.ec));
    const before = attributeOf(signed);
    await bench.learn(`cat ${plain} ${signed}`, { policy: `hash func=FILE_CHECK fowner=${OWNER}\n` });
    expect(attributeOf(plain).equals(hashOver(readFileSync(plain)))).toBe(true);
    expect(attributeOf(signed).equals(before)).toBe(true);
  });

  it("a file that was mapped for reading does not become executable by mprotect", async () => {
    const data = document(bench.path("appraised"), "mapped.bin", "x".repeat(4096));
    const script = bench.path("mprotect.py");
    writeFileSync(
      script,
      [
        "import ctypes, mmap, os, sys",
        "libc = ctypes.CDLL(None, use_errno=True)",
        "libc.mmap.restype = ctypes.c_void_p",
        "fd = os.open(sys.argv[1], os.O_RDONLY)",
        "at = libc.mmap(None, 4096, 1, 2, fd, 0)",
        "print(libc.mprotect(ctypes.c_void_p(at), 4096, 5), ctypes.get_errno())",
        "print(libc.mprotect(ctypes.c_void_p(libc.mmap(None, 4096, 3, 34, -1, 0)), 4096, 5))",
      ].join("\n"),
    );
    const rule = `appraise func=MMAP_CHECK fowner=${OWNER} appraise_type=imasig\n`;
    const { stdout, audit } = await bench.learn(`python3 ${script} ${data}`, { policy: rule });
    expect(stdout).toBe("-1 1\n0\n");
    expect(audit).toMatch(/op=collect_data cause=failed-mprotect .*mapped\.bin/);
    expect((await bench.learn(`python3 ${script} ${data}`, { policy: rule, mode: "log" })).stdout).toBe("0 0\n0\n");
  });

  it("a file that is opened by its handle is appraised like one that is opened by its name", async () => {
    const directory = bench.path("appraised");
    const good = document(directory, "by-handle-good.txt", "good\n", (content) => signatureOver(content, bench.ec));
    const bad = document(directory, "by-handle-bad.txt", "bad\n");
    const script = bench.path("handle.py");
    writeFileSync(
      script,
      [
        "import ctypes, os, struct, sys",
        "libc = ctypes.CDLL(None, use_errno=True)",
        "for name in sys.argv[1:]:",
        "  handle, mount = ctypes.create_string_buffer(struct.pack('Ii', 120, 0) + bytes(120)), ctypes.c_int()",
        "  if libc.name_to_handle_at(-100, name.encode(), handle, ctypes.byref(mount), 0) < 0: sys.exit('no handles')",
        "  at = os.open(os.path.dirname(name), os.O_RDONLY)",
        "  file = libc.open_by_handle_at(at, handle, 0)",
        "  print(ctypes.get_errno() if file < 0 else os.read(file, 100).decode().strip())",
      ].join("\n"),
    );
    const rule = `appraise func=FILE_CHECK fowner=${OWNER}\n`;
    const command = `python3 ${script} ${good} ${bad}`;
    const { stdout, stderr } = await bench.learn(command, { policy: rule });
    if (stderr.includes("no handles")) return;
    expect(stdout).toBe("good\n13\n");
    expect((await bench.learn(command, { policy: rule, mode: "log" })).stdout).toBe("good\nbad\n");
  });

  it("fs-verity: without an fs-verity digest no file passes a rule that requires one", async () => {
    const rule = `appraise func=BPRM_CHECK fowner=${OWNER} digest_type=verity appraise_type=sigv3\n`;
    const { stdout, audit } = await bench.learn(runAll([paths[0] as string]), { policy: rule });
    expect(stdout.trim()).toBe("126");
    expect(audit).toMatch(/cause=no-verity-digest/);
  });

  it("records the signature beside the digest, so that others can check it", async () => {
    const outcome = await bench.learn(runAll(paths.slice(0, 2)), {
      policy: `measure func=BPRM_CHECK fowner=${OWNER} template=ima-sigv2\n`,
    });
    const list = listOf(outcome);
    const [, first] = list.entries;
    const measured = readMeasured(first as (typeof list.entries)[number], true, 2);
    expect(measured?.signature?.equals(attributeOf(paths[0] as string))).toBe(true);
    const ended = await isoline(
      [
        "ima",
        "verify",
        "--key",
        bench.path("rsa.der"),
        "--key",
        bench.path("ec.der"),
        join(outcome.lists, "binary_runtime_measurements"),
      ],
      { cwd: bench.place },
    );
    expect(ended.stdout).toMatch(/signatures +2 good, 0 bad/);
  });
});
