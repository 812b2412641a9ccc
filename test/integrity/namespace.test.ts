/** The integrity view of real namespaces: files that are good and files that are not, measured, appraised and audited. */
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMeasured } from "../../packages/isoline/src/integrity/list/entry.ts";
import { readBinaryList } from "../../packages/isoline/src/integrity/list/read-binary.ts";
import { verifyList } from "../../packages/isoline/src/integrity/list/verify.ts";
import { isBuilt, isoline, type Ended } from "../support/isoline.ts";
import {
  attributeOf,
  document,
  hashOver,
  makeSigner,
  OWNER,
  program,
  setAttribute,
  signatureOver,
} from "./signed-files.ts";

const has = (command: string) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;

let place = "";
const rsa = makeSigner("rsa");
const ec = makeSigner("ec");
const stranger = makeSigner("ec");

/** Whether this process may set security attributes here: root may, if the filesystem has them. */
function maySign(): boolean {
  const directory = mkdtempSync("/var/tmp/isoline-ima-");
  try {
    writeFileSync(join(directory, "x"), "x");
    setAttribute(join(directory, "x"), hashOver(Buffer.from("x")));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
const signs = process.getuid?.() === 0 && has("python3") && maySign();

beforeAll(() => {
  place = mkdtempSync("/var/tmp/isoline-ima-");
  writeFileSync(join(place, "rsa.der"), rsa.der);
  writeFileSync(join(place, "ec.der"), ec.der);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Run {
  readonly policy?: string;
  readonly mode?: string;
  readonly more?: readonly string[];
  readonly onStart?: () => void;
}

interface Outcome extends Ended {
  readonly integrity: {
    entries: number;
    violations: number;
    denied: number;
    registers: Record<string, Record<string, string>>;
  } | null;
  readonly audit: string;
}

let runs = 0;

/** Learns a shell script with the keys of both signers. */
async function learn(script: string, { policy, mode, more = [], onStart }: Run): Promise<Outcome> {
  const directory = join(place, `run-${++runs}`);
  mkdirSync(directory);
  if (policy !== undefined) writeFileSync(join(directory, "policy"), policy);
  const ended = await isoline(
    [
      ...["learn", "-o", join(directory, "contour"), "--report", join(directory, "report.json")],
      ...(policy === undefined ? [] : ["--ima-policy", join(directory, "policy")]),
      ...(mode === undefined ? [] : ["--ima-appraise", mode]),
      ...["--ima-key", join(place, "rsa.der"), "--ima-key", join(place, "ec.der")],
      ...["--ima-list", join(directory, "lists"), "--ima-audit", join(directory, "audit.log"), ...more],
      ...["--", "sh", "-c", script],
    ],
    { cwd: place, ...(onStart && { onStart }) },
  );
  const audit = existsSync(join(directory, "audit.log")) ? readFileSync(join(directory, "audit.log"), "latin1") : "";
  const report = existsSync(join(directory, "report.json"))
    ? (JSON.parse(readFileSync(join(directory, "report.json"), "utf8")) as Outcome)
    : { integrity: null };
  return { ...ended, audit, integrity: report.integrity };
}

const listOf = (bank = "") =>
  readBinaryList(readFileSync(join(place, `run-${runs}`, "lists", `binary_runtime_measurements${bank}`)));

function names(): string[] {
  const list = listOf();
  return list.entries.map(
    (entry, at) => readMeasured(entry, list.littleEndian, at + 1)?.name?.toString("latin1") ?? "?",
  );
}

const runAll = (paths: readonly string[]) => paths.map((path) => `${path} 2>/dev/null; echo $?`).join("\n");

describe.skipIf(!isBuilt || !signs)("appraisal, as root on a filesystem with security attributes", () => {
  const kinds = ["signed", "signed-ec", "hashed", "unsigned", "tampered", "wrong-key", "wrong-version", "malformed"];
  let paths: string[] = [];
  const policy = `appraise func=BPRM_CHECK fowner=${OWNER} appraise_type=imasig\naudit func=BPRM_CHECK fowner=${OWNER}\n`;

  beforeAll(() => {
    const directory = join(place, "appraised");
    mkdirSync(directory);
    const make: Record<string, ((content: Buffer) => Buffer) | undefined> = {
      signed: (content) => signatureOver(content, rsa),
      "signed-ec": (content) => signatureOver(content, ec),
      hashed: hashOver,
      tampered: (content) => signatureOver(content, rsa),
      "wrong-key": (content) => signatureOver(content, stranger),
      "wrong-version": (content) => signatureOver(content, rsa, 7),
      malformed: (content) => signatureOver(content, rsa).subarray(0, 100),
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

  it("enforced: what is not signed by a key does not run, and the kernel's words say why", async () => {
    const { stdout, audit, integrity } = await learn(runAll(paths), { policy, mode: "enforce" });
    expect(stdout.trim().split("\n")).toEqual(["0", "0", "126", "126", "126", "126", "126", "126"]);
    expect(causes(audit)).toEqual(expected);
    expect(integrity?.denied).toBe(6);
  });

  it("enforced: what was refused is on no contour", async () => {
    await learn(runAll(paths), { policy, mode: "enforce" });
    const contour = readFileSync(join(place, `run-${runs}`, "contour"), "utf8");
    expect(contour).toMatch(/^.*exec .*\/appraised\/signed /m);
    expect(contour).not.toMatch(/exec .*\/appraised\/unsigned/);
  });

  it("audited: a rule has every file told with its digest and who ran it", async () => {
    const { audit } = await learn(runAll(paths), { policy, mode: "log" });
    const rules = audit.split("\n").filter((line) => line.startsWith("type=INTEGRITY_RULE "));
    expect(rules).toHaveLength(kinds.length);
    expect(rules[0]).toMatch(
      /^type=INTEGRITY_RULE msg=audit\(\d+\.\d{3}:\d+\): file="[^"]+\/signed" hash="sha256:[0-9a-f]{64}" ppid=\d+ pid=\d+ auid=\d+ uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=\S+ ses=\d+ comm="sh" exe="[^"]+" subj=\S+$/,
    );
  });

  it("logged: everything runs, and the same is told", async () => {
    const { stdout, audit, integrity } = await learn(runAll(paths), { policy, mode: "log" });
    expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(["0"]));
    expect(causes(audit)).toEqual(expected);
    expect(integrity?.denied).toBe(0);
  });

  it("fixed: a file without a signature gets the digest it has, and is good from then on", async () => {
    const unsigned = program(join(place, "appraised"), "to-fix");
    const signed = program(join(place, "appraised"), "to-keep", (content) => signatureOver(content, stranger));
    const before = attributeOf(signed);
    const rule = `appraise func=BPRM_CHECK fowner=${OWNER}\n`;
    await learn(runAll([unsigned, signed]), { policy: rule, mode: "fix" });
    expect(attributeOf(unsigned).equals(hashOver(readFileSync(unsigned)))).toBe(true);
    expect(attributeOf(signed).equals(before)).toBe(true);
    const { stdout } = await learn(runAll([unsigned]), { policy: rule, mode: "enforce" });
    expect(stdout.trim()).toBe("0");
    appendFileSync(unsigned, "\0");
    expect((await learn(runAll([unsigned]), { policy: rule, mode: "enforce" })).stdout.trim()).toBe("126");
  });

  it("reading, mapping and scripts are appraised by their own rules; a signed file is not opened for writing", async () => {
    const directory = join(place, "appraised");
    const good = document(directory, "good.txt", "good\n", (content) => signatureOver(content, ec));
    const bad = document(directory, "bad.txt", "bad\n");
    const script = document(directory, "bad.sh", "#!/bin/sh\necho ran\n");
    const library = program(directory, "bad.so", undefined, "/usr/lib/x86_64-linux-gnu/libc.so.6");
    const rules = ["FILE_CHECK", "BPRM_CHECK", "MMAP_CHECK"].map((func) => `appraise func=${func} fowner=${OWNER}`);
    const { stdout, stderr } = await learn(
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

  it("fs-verity: without a digest of it nothing passes a rule that asks for one", async () => {
    const rule = `appraise func=BPRM_CHECK fowner=${OWNER} digest_type=verity appraise_type=sigv3\n`;
    const { stdout, audit } = await learn(runAll([paths[0] as string]), { policy: rule });
    expect(stdout.trim()).toBe("126");
    expect(audit).toMatch(/cause=no-verity-digest/);
  });

  it("records the signature beside the digest, so that others can check it", async () => {
    await learn(runAll(paths.slice(0, 2)), { policy: `measure func=BPRM_CHECK fowner=${OWNER} template=ima-sigv2\n` });
    const list = listOf();
    const [, first] = list.entries;
    const measured = readMeasured(first as (typeof list.entries)[number], true, 2);
    expect(measured?.signature?.equals(attributeOf(paths[0] as string))).toBe(true);
    const ended = await isoline(
      [
        "ima",
        "verify",
        "--key",
        join(place, "rsa.der"),
        "--key",
        join(place, "ec.der"),
        join(place, `run-${runs}`, "lists", "binary_runtime_measurements"),
      ],
      { cwd: place },
    );
    expect(ended.stdout).toMatch(/signatures +2 good, 0 bad/);
  });
});

describe.skipIf(!isBuilt)("measurement", () => {
  const policy =
    "measure func=BPRM_CHECK\nmeasure func=FILE_CHECK mask=MAY_READ\nmeasure func=MMAP_CHECK mask=MAY_EXEC\n";

  it("begins with the boot aggregate and holds what ran, what was mapped and what was read, once", async () => {
    const text = document(place, "read.txt", "text\n");
    const { integrity } = await learn(`cat ${text} ${text}; cat ${text}`, { policy });
    const measured = names();
    expect(measured[0]).toBe("boot_aggregate");
    expect(measured.filter((name) => name === text)).toHaveLength(1);
    expect(measured.some((name) => name.endsWith("/libc.so.6"))).toBe(true);
    expect(measured.some((name) => name.endsWith("/cat"))).toBe(true);
    expect(integrity?.entries).toBe(measured.length);
  });

  it("verifies in every bank, and reaches the registers of the report", async () => {
    const { integrity } = await learn("true; cat /etc/hostname", { policy });
    for (const [bank, suffix] of [
      ["sha1", ""],
      ["sha256", "_sha256"],
      ["sha384", "_sha384"],
    ] as const) {
      const { problems, registers } = verifyList(listOf(suffix));
      expect(problems).toEqual([]);
      expect(registers.bank).toBe(bank);
      expect(Object.fromEntries(registers.entries())).toEqual(integrity?.registers[bank]);
    }
  });

  it("measures a file again once it has changed", async () => {
    const text = document(place, "changes.txt", "one\n");
    await learn(`cat ${text}; echo two > ${text}; cat ${text}`, { policy });
    expect(names().filter((name) => name === text)).toHaveLength(2);
  });

  it("records a violation where a file is read while it is written, and written while it is read", async () => {
    const text = document(place, "raced.txt", "one\n");
    const { integrity, audit } = await learn(
      `exec 3>>${text}; cat ${text}; exec 3>&-; exec 4<${text}; echo two >> ${text}`,
      { policy },
    );
    expect(integrity?.violations).toBe(2);
    expect(
      Array.from(audit.matchAll(/^type=INTEGRITY_PCR .* op=invalid_pcr cause=(\S+) /gm), ([, cause]) => cause),
    ).toEqual(["open_writers", "ToMToU"]);
    expect(verifyList(listOf())).toMatchObject({ violations: 2, problems: [] });
  });

  it("measures keys and critical data where the policy says so", async () => {
    await learn("true", { policy: "measure func=KEY_CHECK keyrings=.ima\nmeasure func=CRITICAL_DATA pcr=11\n" });
    expect(names().slice(1)).toEqual([".ima", ".ima", "kernel_version", "contour_state"]);
    const list = listOf();
    expect(readMeasured(list.entries[1] as (typeof list.entries)[number], true, 2)?.buffer?.equals(rsa.der)).toBe(true);
    expect(verifyList(list).problems).toEqual([]);
  });

  it.skipIf(!has("evmctl"))("is read by evmctl, which agrees with the registers", async () => {
    const { integrity } = await learn("cat /etc/hostname", { policy });
    const lists = join(place, `run-${runs}`, "lists");
    for (const bank of ["sha1", "sha256"]) {
      const values = integrity?.registers[bank] ?? {};
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

  it("says beforehand what is wrong with a policy, a key or a template", async () => {
    const started = join(place, "started");
    writeFileSync(join(place, "not-upheld"), "measure\nappraise func=SETXATTR_CHECK appraise_algos=sha256\n");
    for (const [more, why] of [
      [["--ima-policy", join(place, "not-upheld")], /line 2, column 1: a namespace does not look/],
      [["--ima-policy", join(place, "none")], /none: expected a policy file/],
      [["--ima-key", "/etc/hostname"], /hostname: expected a certificate or an RSA/],
      [["--ima-template", "ima-best"], /expected a template of files/],
      [["--ima-audit", join(place, "no", "such", "place")], /cannot write the audit records/],
    ] as const) {
      const { status, stderr } = await isoline(
        ["learn", "-o", join(place, "x.contour"), ...more, "--", "touch", started],
        { cwd: place },
      );
      expect(status).not.toBe(0);
      expect(stderr).toMatch(why);
    }
    expect(existsSync(started)).toBe(false);
  });
});

describe.skipIf(!isBuilt)("the pseudo-file in the control socket", () => {
  it("takes a policy once, then is sealed; reading gives the policy and the lists", async () => {
    const name = `ima-${process.pid}`;
    const gate = join(place, "gate");
    execFileSync("mkfifo", [gate]);
    const asked: { status: number; body: Buffer }[] = [];
    const ask = async (method: string, path: string, body?: string) => {
      const answer = await overSocket(name, method, path, body);
      asked.push(answer);
      return answer;
    };
    const client = (async () => {
      await untilThere(name);
      await ask("POST", "/ima/policy", "measure func=BPRM_CHECK\nmeasure nonsense\n");
      await ask("POST", "/ima/policy", "measure func=BPRM_CHECK\n");
      await ask("POST", "/ima/policy", "dont_measure\n");
      await ask("GET", "/ima/policy");
      writeFileSync(gate, "go\n");
      for (let tries = 0; tries < 400; tries++) {
        const { body } = await overSocket(name, "GET", "/ima/ascii_runtime_measurements");
        if (body.toString().includes("/cat")) break;
      }
      await ask("GET", "/ima/binary_runtime_measurements_sha256");
      await ask("GET", "/ima/violations");
      writeFileSync(gate, "go\n");
    })();
    const { integrity } = await learn(`read go < ${gate}; cat /etc/hostname; read go < ${gate}`, {
      more: ["--name", name],
    });
    await client;
    expect(asked.map(({ status }) => status)).toEqual([400, 200, 409, 200, 200, 200]);
    expect(asked[3]?.body.toString()).toBe("measure func=BPRM_CHECK\n");
    expect(verifyList(readBinaryList(asked[4]?.body as Buffer)).problems).toEqual([]);
    expect(asked[5]?.body.toString()).toBe("0\n");
    expect(integrity?.entries).toBeGreaterThanOrEqual(2);
  });
});

const socketOf = (name: string) =>
  ["/run/isoline", `/tmp/isoline-${process.getuid?.()}`]
    .map((directory) => join(directory, `${name}.sock`))
    .find(existsSync);

async function untilThere(name: string): Promise<void> {
  for (let tries = 0; socketOf(name) === undefined && tries < 1000; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

function overSocket(name: string, method: string, path: string, body = ""): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": Buffer.byteLength(body) };
    const outgoing = request({ socketPath: socketOf(name), path, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
