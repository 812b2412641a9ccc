/**
 * The bpf sensor with a TPM, and with an engine at the other end of a wire: what departs is in the TPM before its call goes ahead, and is
 * refused when enforcing. swtpm and the engine run in the machine, from the host's files.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { nameBy, replayLedger } from "../../../../packages/attest/dist/register/index.js";
import { begin, endAll, EPERM, learn, report as reportOf } from "../asking.mjs";
import { withoutPrograms } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const skip = withoutPrograms || (!existsSync("/usr/bin/swtpm") && "swtpm is not installed");
const root = isolineAs(0);
const ledgers = join(root.cwd, "ledger");
const socket = join(root.cwd, "tpm.sock");
const TPM = ["--tpm", `unix:${socket}`, "--tpm-ledger", ledgers];
const ENGINE = [
  "--engine",
  `unix:${join(root.cwd, "engine.sock")}`,
  "--engine-key",
  "engine.pub",
  "--sensor-key",
  "sensor.pem",
];
const BPF = ["--sensor", "bpf", "-q", "--report", "report.json"];
const QUIET = ["sh", "-c", "cat /etc/hostname"];
const DEPARTS = ["sh", "-c", "cat /etc/hostname; cat /etc/passwd > /dev/null; cp ledger/*.ledger seen"];

/** The TPM comes first. @type {import("node:child_process").ChildProcess[]} */
const beside = [];

before(async () => {
  if (skip) return;
  mkdirSync(join(root.cwd, "state"));
  const words = [
    "socket",
    "--tpm2",
    "--tpmstate",
    `dir=${join(root.cwd, "state")}`,
    "--server",
    `type=unixio,path=${socket}`,
  ];
  beside.push(spawn("/usr/bin/swtpm", [...words, "--flags", "not-need-init,startup-clear"], { stdio: "ignore" }));
  for (const end of ["engine", "sensor"]) {
    const made = spawn(
      "/bin/sh",
      [
        "-c",
        `openssl genpkey -algorithm ed25519 -out ${end}.pem && openssl pkey -in ${end}.pem -pubout -out ${end}.pub`,
      ],
      { cwd: root.cwd, stdio: "ignore" },
    );
    await new Promise((resolve) => made.once("exit", resolve));
  }
  const { status, stderr } = root.run("learn", "--sensor", "bpf", "-q", "-o", "a.contour", "--", ...QUIET);
  equal(status, 0, stderr);
});
after(() => {
  for (const child of beside) child.kill("SIGKILL");
});

const report = () => JSON.parse(readFileSync(join(root.cwd, "report.json"), "utf8"));

/** What the ledger says of the last run. */
function recorded() {
  const [file = ""] = readdirSync(ledgers).filter((name) => name.endsWith(".ledger"));
  return replayLedger(readFileSync(join(ledgers, file))).namespaces.get(report().tpm.birth);
}

/** Checks what a run left in the ledger against its report. */
function fitsTheReport() {
  const { tpm, off, events, state } = report();
  const facts = recorded();
  equal(tpm.recorded, true);
  equal(facts?.birth.sensor, "bpf");
  equal(facts?.departures.length, tpm.departures);
  deepEqual([facts?.end?.off, facts?.end?.events], [off, events]);
  equal(Buffer.from(facts?.end?.state ?? []).toString("hex"), state);
  return facts;
}

test("a departure is in the TPM before its call goes ahead", { skip }, () => {
  const { status, stderr } = root.run("check", "a.contour", ...BPF, ...TPM, "--", ...DEPARTS);
  equal(status, 3, stderr);
  const facts = fitsTheReport();
  const [first] = facts?.departures ?? [];
  // What departs copies the ledger itself.
  const seen = readFileSync(join(root.cwd, "seen"));
  equal(seen.includes(Buffer.from(first?.point ?? [])) && first !== undefined, true);
  equal(nameBy(new Uint8Array(256)).length, facts?.birth.name.length);
});

test("a departure is recorded and refused when enforcing", { skip }, () => {
  const { status, stdout, stderr } = root.run("run", "a.contour", "--enforce", ...BPF, ...TPM, "--", ...DEPARTS);
  match(stdout, /\S/, stderr);
  equal(status === 0, false, stderr);
  fitsTheReport();
  equal(report().refused > 0, true);
});

test("while the TPM does not answer, what was permitted before is refused as well", { skip }, async (t) => {
  const [tpm] = beside;
  t.after(endAll);
  t.after(() => tpm?.kill("SIGCONT"));
  await learn();
  const words = ["--enforce", "--sensor", "bpf", "-q", "--report", "owing.json", ...TPM];
  const { ask, hear, end, over } = begin("run", "asking.contour", ...words);
  await hear();
  deepEqual([await ask("list /etc"), await ask("list /etc")], [0, 0]);
  tpm?.kill("SIGSTOP");
  deepEqual([await ask("list /var"), await ask("list /etc"), await ask("list /etc")], [EPERM, EPERM, EPERM]);
  tpm?.kill("SIGCONT");
  let answer = EPERM;
  for (let time = 0; time < 200 && answer !== 0; time++) {
    await setTimeout(100);
    answer = await ask("list /etc");
  }
  equal(answer, 0);
  end();
  await over;
  const { off, tpm: recordedAs, incomplete } = reportOf("owing.json");
  deepEqual([off, recordedAs.recorded, incomplete.length], [1, true, 1]);
  match(incomplete[0].reason, /did not take a record in time/);
});

test("what is learnt is recorded from birth to end", { skip }, () => {
  const { status, stderr } = root.run("learn", "-o", "b.contour", ...BPF, ...TPM, "--", ...QUIET);
  equal(status, 0, stderr);
  equal(fitsTheReport()?.departures.length, 0);
  equal(readFileSync(join(root.cwd, "b.contour"), "utf8"), readFileSync(join(root.cwd, "a.contour"), "utf8"));
});

test("an engine elsewhere learns the same, and its departures are recorded here", { skip }, async () => {
  const serve = ["engine", "serve", "--listen", ENGINE[1] ?? "", "--key", "engine.pem", "--sensor-key", "sensor.pub"];
  beside.push(root.start(...serve));
  while (!existsSync(join(root.cwd, "engine.sock"))) await setTimeout(200);
  const learnt = root.run("learn", "-o", "c.contour", ...BPF, ...ENGINE, "--", ...QUIET);
  equal(learnt.status, 0, learnt.stderr);
  equal(readFileSync(join(root.cwd, "c.contour"), "utf8"), readFileSync(join(root.cwd, "a.contour"), "utf8"));
  const { status, stderr } = root.run("run", "a.contour", "--enforce", ...BPF, ...ENGINE, ...TPM, "--", ...DEPARTS);
  equal(status === 0, false, stderr);
  fitsTheReport();
  equal(report().refused > 0, true);
});
