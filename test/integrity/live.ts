/** Real namespaces with an integrity view: a shell script, its output, and what was recorded. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { MeasurementList } from "../../packages/isoline/src/integrity/list/entry.ts";
import { readMeasured } from "../../packages/isoline/src/integrity/list/entry.ts";
import { readBinaryList } from "../../packages/isoline/src/integrity/list/read-binary.ts";
import { type Ended, isoline } from "../support/isoline.ts";
import { hashOver, makeSigner, setAttribute, type Signer } from "./signed-files.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

/** Whether this process may set security attributes here: root may, if the filesystem has them. */
function maySetAttributes(): boolean {
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
export const maySign = isRoot && isInstalled("python3") && maySetAttributes();

export interface Run {
  readonly policy?: string;
  readonly mode?: string;
  readonly more?: readonly string[];
}

export interface Outcome extends Ended {
  readonly integrity: {
    readonly entries: number;
    readonly violations: number;
    readonly denied: number;
    readonly registers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  } | null;
  /** The audit records that were written. */
  readonly audit: string;
  readonly contour: string;
  /** The folder of the lists. */
  readonly lists: string;
}

/** A folder on disk for one test file, two signers whose keys its namespaces have, and a third whose key no namespace has. */
export class Bench {
  readonly rsa: Signer = makeSigner("rsa");
  readonly ec: Signer = makeSigner("ec");
  readonly stranger: Signer = makeSigner("ec");
  place = "";
  #runs = 0;

  constructor() {
    beforeAll(() => {
      // Not /tmp, whose filesystem policies may leave out.
      this.place = mkdtempSync("/var/tmp/isoline-ima-");
      writeFileSync(this.path("rsa.der"), this.rsa.der);
      writeFileSync(this.path("ec.der"), this.ec.der);
    });
    afterAll(() => rmSync(this.place, { recursive: true, force: true }));
  }

  path(...names: readonly string[]): string {
    return join(this.place, ...names);
  }

  /** Learns a shell script. */
  async learn(script: string, { policy, mode, more = [] }: Run): Promise<Outcome> {
    const directory = this.path(`run-${++this.#runs}`);
    const at = (name: string) => join(directory, name);
    mkdirSync(directory);
    if (policy !== undefined) writeFileSync(at("policy"), policy);
    const ended = await isoline(
      [
        ...["learn", "-o", at("contour"), "--report", at("report.json")],
        ...(policy === undefined ? [] : ["--ima-policy", at("policy")]),
        ...(mode === undefined ? [] : ["--ima-appraise", mode]),
        ...["--ima-key", this.path("rsa.der"), "--ima-key", this.path("ec.der")],
        ...["--ima-list", at("lists"), "--ima-audit", at("audit.log"), ...more],
        ...["--", "sh", "-c", script],
      ],
      { cwd: this.place },
    );
    const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : "");
    const report = JSON.parse(read("report.json") || "{}") as Partial<Outcome>;
    const { integrity = null } = report;
    return { ...ended, integrity, audit: read("audit.log"), contour: read("contour"), lists: at("lists") };
  }
}

/** The list of a run, in the form of the kernel's file of a bank. */
export function listOf({ lists }: Outcome, suffix = ""): MeasurementList {
  return readBinaryList(readFileSync(join(lists, `binary_runtime_measurements${suffix}`)));
}

export function namesIn(list: MeasurementList): string[] {
  return list.entries.map((entry, at) => {
    const measured = readMeasured(entry, list.littleEndian, at + 1);
    return measured?.name?.toString("latin1") ?? "?";
  });
}
