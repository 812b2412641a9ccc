/**
 * The host's configuration for its containers: `/etc/isoline/canisters.yaml`, or the file that ISOLINE_CANISTERS names.
 *
 *   unlabelled: learn            # or refuse, which is the default
 *   contours: /var/lib/isoline/contours
 *   reports: /var/lib/isoline/reports
 *   annotations: allow           # or refuse: annotations of a container are then not permitted
 *   sensor: seccomp              # or bpf, auto: for images that have no other below
 *   tpm: { address: /dev/tpmrm0 }    # canisters are recorded in it; also: ledger, pcr
 *   agent: use                   # or require, or ignore: whether the agent of this machine supervises canisters (docs/agent.md)
 *   attached: enforce            # how a contour attached to the image is used: enforce, check, or ignore
 *   images:
 *     - { image: "localhost/web:*", contour: web.contour, mode: enforce }
 *     - { image: "sha256:5b…", contour: web.contour, mode: check, policy: web.policy.yaml }
 *     - { image: "quay.example/*", contour: q.contour, mode: enforce, ima: { policy: q.ima, keys: [vendor.der], appraise: log } }
 *   signatures:                  # images whose contour must be signed, by one of these public keys
 *     - { image: "registry.example/*", keys: [release.pub] }
 *
 * The first image that matches counts, in either list. Unknown keys are refused: a misspelt key would silently permit more.
 */
import { type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { CliError } from "../error.ts";
import { tpmPlan } from "../register/options.ts";
import type { TpmPlan } from "../register/plan.ts";
import { type SensorChoice, sensorChoices } from "../namespace/sensor-choice.ts";
import { readRegular } from "../store/bounded-file.ts";
import { parseYaml } from "../store/yaml.ts";
import { appraiseModes, type CanisterIma, isBuiltIn } from "./ima.ts";

export const modes = ["learn", "check", "enforce"] as const;
export type CanisterMode = (typeof modes)[number];

export interface ImageRule {
  /** `*` stands for any text. */
  readonly image: string;
  readonly contour: string;
  readonly mode: CanisterMode;
  readonly policy: string | undefined;
  readonly sensor: SensorChoice | undefined;
  /** The IMA view of its canisters. */
  readonly ima: CanisterIma | undefined;
}

/** Contours of these images must be signed by one of these keys. */
export interface SignatureRule {
  readonly image: string;
  /** Absolute paths. */
  readonly keys: readonly string[];
}

export interface HostConfiguration {
  readonly file: string | undefined;
  readonly unlabelled: "learn" | "refuse";
  readonly contours: string;
  readonly reports: string;
  readonly annotations: "allow" | "refuse";
  readonly attached: "enforce" | "check" | "ignore";
  readonly agent: "use" | "require" | "ignore";
  /** Undefined if the file does not set it. */
  readonly sensor: SensorChoice | undefined;
  /** Where canisters are recorded in hardware. */
  readonly tpm: TpmPlan | undefined;
  readonly images: readonly ImageRule[];
  readonly signatures: readonly SignatureRule[];
}

const PLACE = "/etc/isoline/canisters.yaml";
const CONTOURS = "/var/lib/isoline/contours";
const REPORTS = "/var/lib/isoline/reports";
const MOST_BYTES = 1024 * 1024;
const OTHERS_MAY_WRITE = 0o022;
const keys = [
  ...["unlabelled", "contours", "reports", "annotations", "attached", "agent", "sensor", "tpm", "images", "signatures"],
];
const imageKeys = ["image", "contour", "mode", "policy", "sensor", "ima"];
const imaKeys = ["policy", "keys", "appraise"];
const tpmKeys = ["address", "ledger", "pcr"];
const signatureKeys = ["image", "keys"];

type Table = Readonly<Record<string, unknown>>;

/** Reads the file. Without one, the defaults of the comments above apply. A file that was named by the variable must exist. */
export async function readHostConfiguration(): Promise<HostConfiguration> {
  const named = process.env["ISOLINE_CANISTERS"];
  const file = named ?? PLACE;
  const text = readTrusted(file, named !== undefined);
  const value = text === undefined ? {} : await parse(file, text);
  return configurationIn(value, text === undefined ? undefined : file);
}

/** A user who can write this file decides what containers may do, so only this user may be able to write it. */
function readTrusted(file: string, must: boolean): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) {
    if (must)
      throw new CliError(
        "cannot-read",
        `${file}: expected the host's configuration there, since ISOLINE_CANISTERS names it`,
      );
    return undefined;
  }
  assertOnlyOursToWrite(file, stat);
  if (stat.size > MOST_BYTES) throw wrong(file, "the file", `at most ${MOST_BYTES} bytes`, stat.size);
  return readRegular(file, MOST_BYTES, "the configuration").toString("utf8");
}

/** Refuses a file that belongs to another user, or that another user can write. */
export function assertOnlyOursToWrite(file: string, stat: Pick<Stats, "uid" | "mode">): void {
  const own = process.geteuid?.() ?? 0;
  if ((stat.uid !== 0 && stat.uid !== own) || (stat.mode & OTHERS_MAY_WRITE) !== 0)
    throw new CliError(
      "unsafe-place",
      `${file}: expected a file of root's or yours that only its owner can write; correct its owner or mode`,
    );
}

/** JSON is YAML, and is parsed without loading the YAML parser: containers wait for this. */
async function parse(file: string, text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const refused = (why: string, cause: unknown) =>
      new CliError("bad-host-configuration", `${file}: ${why}`, { cause });
    return (await parseYaml(text, refused)) ?? {};
  }
}

function configurationIn(value: unknown, file: string | undefined): HostConfiguration {
  const name = file ?? PLACE;
  const source = table(name, value, "the file", keys);
  const place = (key: "contours" | "reports") => {
    const path = source[key];
    if (path === undefined) return undefined;
    if (typeof path !== "string" || !isAbsolute(path)) throw wrong(name, key, "an absolute path", path);
    return resolve(path);
  };
  const list = (key: "images" | "signatures"): readonly unknown[] => {
    const rules = source[key] ?? [];
    if (!Array.isArray(rules)) throw wrong(name, key, "a list", rules);
    return rules;
  };
  return {
    file,
    unlabelled: choice(name, source["unlabelled"], "unlabelled", ["learn", "refuse"], "refuse"),
    contours: place("contours") ?? CONTOURS,
    reports: place("reports") ?? REPORTS,
    annotations: choice(name, source["annotations"], "annotations", ["allow", "refuse"], "allow"),
    attached: choice(name, source["attached"], "attached", ["enforce", "check", "ignore"], "enforce"),
    agent: choice(name, source["agent"], "agent", ["use", "require", "ignore"], "use"),
    sensor: sensorIn(name, source["sensor"], "sensor"),
    tpm: source["tpm"] === undefined ? undefined : tpmIn(name, source["tpm"]),
    images: list("images").map((each, index) => ruleIn(name, each, `images[${index}]`)),
    signatures: list("signatures").map((each, index) => signatureRuleIn(name, each, `signatures[${index}]`)),
  };
}

function ruleIn(name: string, value: unknown, key: string): ImageRule {
  const source = table(name, value, key, imageKeys);
  const text = (field: string) => {
    const given = source[field];
    if (typeof given !== "string" || given === "") throw wrong(name, `${key}.${field}`, "text", given);
    return given;
  };
  return {
    image: text("image"),
    contour: text("contour"),
    mode: choice(name, source["mode"], `${key}.mode`, modes, undefined),
    policy: source["policy"] === undefined ? undefined : resolve(dirname(name), text("policy")),
    sensor: sensorIn(name, source["sensor"], `${key}.sensor`),
    ima: source["ima"] === undefined ? undefined : imaIn(name, source["ima"], `${key}.ima`),
  };
}

function sensorIn(name: string, value: unknown, key: string): SensorChoice | undefined {
  return value === undefined ? undefined : choice(name, value, key, sensorChoices, undefined);
}

function tpmIn(name: string, value: unknown): TpmPlan {
  const { address, ledger, pcr } = table(name, value, "tpm", tpmKeys);
  if (typeof address !== "string") throw wrong(name, "tpm.address", "the address of a TPM", address);
  if (ledger !== undefined && typeof ledger !== "string") throw wrong(name, "tpm.ledger", "an absolute path", ledger);
  if (pcr !== undefined && typeof pcr !== "number") throw wrong(name, "tpm.pcr", "a number", pcr);
  try {
    return tpmPlan({ address, ledger, pcr });
  } catch (fault) {
    throw new CliError("bad-host-configuration", `${name}: tpm: ${(fault as Error).message}; see docs/canisters.md`);
  }
}

function imaIn(name: string, value: unknown, key: string): CanisterIma {
  const { policy, keys: files = [], appraise } = table(name, value, key, imaKeys);
  if (typeof policy !== "string" || policy === "")
    throw wrong(name, `${key}.policy`, "a file or built-in names", policy);
  if (!Array.isArray(files) || !files.every((file) => typeof file === "string"))
    throw wrong(name, `${key}.keys`, "a list of files", files);
  const place = (file: string) => resolve(dirname(name), file);
  return {
    policy: isBuiltIn(policy) ? policy : place(policy),
    keys: files.map(place),
    appraise: choice(name, appraise, `${key}.appraise`, appraiseModes, "enforce"),
  };
}

function signatureRuleIn(name: string, value: unknown, key: string): SignatureRule {
  const { image, keys: files } = table(name, value, key, signatureKeys);
  if (typeof image !== "string" || image === "") throw wrong(name, `${key}.image`, "text", image);
  const isKeys = Array.isArray(files) && files.length > 0 && files.every((file) => typeof file === "string");
  if (!isKeys) throw wrong(name, `${key}.keys`, "a list of files with public keys", files);
  return { image, keys: (files as string[]).map((file) => resolve(dirname(name), file)) };
}

function choice<T extends string>(
  file: string,
  value: unknown,
  key: string,
  allowed: readonly T[],
  standard: T | undefined,
): T {
  if (value === undefined && standard !== undefined) return standard;
  if (!allowed.includes(value as T)) throw wrong(file, key, `one of ${allowed.join(", ")}`, value);
  return value as T;
}

function table(file: string, value: unknown, key: string, allowed: readonly string[]): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(file, key, `a table with the keys ${allowed.join(", ")}`, value);
  const stranger = Object.keys(value).find((name) => !allowed.includes(name));
  if (stranger !== undefined) throw wrong(file, key, `only the keys ${allowed.join(", ")}`, stranger);
  return value as Table;
}

function wrong(file: string, key: string, expected: string, got: unknown): CliError {
  const shown = got === undefined ? "nothing" : JSON.stringify(got).slice(0, 60);
  return new CliError(
    "bad-host-configuration",
    `${file}: ${key}: expected ${expected}, got ${shown}; see docs/canisters.md`,
  );
}
