/** `isoline verifier`: judges the evidence of a fleet. The package that does it is loaded when it is called, and may be missing. */
import { fstatSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { IsolineError } from "@isoline/core/error";
import { parse } from "yaml";
import { assertOnlyOursToWrite } from "../../canister/host-configuration.ts";
import { type LogEvent, Log } from "../../agent/log.ts";
import { CliError } from "../../error.ts";
import { version } from "../../namespace/run-beginning.ts";
import { openRegular, readOpened, Unfit } from "../../store/bounded-file.ts";
import { status } from "../ending.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface VerifierOptions {
  readonly config?: string;
  readonly grant?: string;
  readonly quiet?: boolean;
  readonly log?: "text" | "json";
}

/** Says what happened: `line` for people, or the facts for machines. */
type Say = (event: LogEvent, line: string, facts?: Readonly<Record<string, unknown>>) => void;

const MOST_BYTES = 2 ** 20;
const EXPECTED = "the configuration of a verifier";
const OTHERS_MAY_READ = 0o044;
/** In an address of a database or a receiver. */
const PASSWORD = /:\/\/[^\s/@:]*:[^\s/@]+@|[?&]password=/;
/** Members that are paths; they count from the folder of the configuration. */
const PATHS = [
  ["keys"],
  ["trust"],
  ["tls", "certificate"],
  ["tls", "key"],
  ["tls", "clients"],
  ["people", "tokens"],
  ["nats", "credentials"],
  ["nats", "ca"],
  ["log", "directory"],
  ["log", "credentials"],
  ["log", "key"],
  ["log", "policy"],
  ["svid", "key"],
  ["svid", "certificate"],
  ["admission", "token"],
  ["otlp", "ca"],
] as const;

/** Returns when it is told to end; with `grant`, when the database is prepared. */
export async function verifier({ config, grant, quiet = false, log = "text" }: VerifierOptions): Promise<number> {
  if (config === undefined) throw usage("expected --config FILE, as docs/verifier.md describes it");
  const { startVerifier: start, prepareDatabase } = await loaded();
  const configuration = fromFolder(configurationIn(config), dirname(resolve(config)));
  if (grant !== undefined) {
    await prepareDatabase(configuration, grant).catch(rethrown);
    if (!quiet) note(harmless(`the database has its tables, and ${grant} may use them as a verifier does`));
    return status.success;
  }
  const always = inForm(log);
  const say: Say = quiet ? () => {} : always;
  const failed = (fault: unknown) => {
    const [why, stack] = fault instanceof Error ? [fault.message, fault.stack] : [String(fault), undefined];
    always("failed", `failed: ${stack ?? why}`, { why, stack });
  };
  const told = toldToEnd();
  const unsent = (receiver: string, fault: unknown) => {
    const why = fault instanceof Error ? fault.message : String(fault);
    say("unsent", `${receiver}: ${why}; sent again later`, { receiver, why });
  };
  const noted = (line: string) => say("noted", line);
  const running = await start({ configuration, version: version(), failed, unsent, noted }).catch(rethrown);
  for (const line of running.notes) noted(line);
  say("ready", `listening at ${running.address}`, { address: running.address, process: process.pid });
  await told;
  say("stopping", "ending", {});
  await running.stop();
  return status.success;
}

/** For people a line on stderr; for machines an object on stdout, as the agent has it. */
function inForm(form: "text" | "json"): Say {
  if (form === "text") return (_, line) => note(harmless(line));
  const log = new Log();
  return (event, why, facts = { why }) => log.say(event, facts);
}

/** The package is not in the bundle of this command line, and has a class of refusals of its own, which is not known here. */
function rethrown(fault: unknown): never {
  const { name, code, message } = fault as { name?: unknown; code?: unknown; message?: unknown };
  if (name !== "IsolineError") throw fault;
  throw new IsolineError<string>(String(code), String(message), { cause: fault });
}

async function loaded() {
  try {
    return await import("@isoline/verifier");
  } catch (fault) {
    if ((fault as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw fault;
    throw new CliError(
      "no-verifier",
      "the package @isoline/verifier is not installed; install it with npm install @isoline/verifier",
    );
  }
}

/** The file names all that is trusted: another user who could write it would be the verifier. */
function textIn(path: string): string {
  const opened = openRegular(path, "follow");
  if (opened instanceof Unfit)
    throw new CliError("cannot-read", `${path}: expected ${EXPECTED}, found ${opened.found}; name a file`);
  const stat = fstatSync(opened.fd);
  const text = readOpened(opened.fd, path, MOST_BYTES, EXPECTED).toString("utf8");
  assertOnlyOursToWrite(path, stat);
  if (PASSWORD.test(text) && (stat.mode & OTHERS_MAY_READ) !== 0)
    throw new CliError(
      "unsafe-place",
      `${path}: it has a password, and other users may read it; give it mode 600, and change that password`,
    );
  return text;
}

function configurationIn(path: string): Record<string, unknown> {
  const text = textIn(path);
  try {
    const told: unknown = parse(text, { maxAliasCount: 0, uniqueKeys: true });
    if (typeof told === "object" && told !== null && !Array.isArray(told)) return told as Record<string, unknown>;
  } catch (fault) {
    throw new CliError("cannot-read", `${path}: expected YAML: ${(fault as Error).message.split("\n")[0] ?? ""}`);
  }
  throw new CliError("cannot-read", `${path}: expected a table, as docs/verifier.md describes it`);
}

/** Paths of a configuration count from where it lies. */
function fromFolder(configuration: Record<string, unknown>, folder: string): Record<string, unknown> {
  const whole = structuredClone(configuration);
  for (const place of PATHS) {
    const table = place
      .slice(0, -1)
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], whole);
    const key = place.at(-1) as string;
    if (typeof table !== "object" || table === null) continue;
    const path = (table as Record<string, unknown>)[key];
    // The place of a log may be a bucket.
    if (typeof path === "string" && !path.startsWith("s3://"))
      (table as Record<string, unknown>)[key] = resolve(folder, path);
  }
  const { database, webhooks } = whole as { database?: unknown; webhooks?: unknown };
  if (typeof database === "string" && database.startsWith("pglite:"))
    whole["database"] = `pglite:${resolve(folder, database.slice("pglite:".length))}`;
  for (const hook of Array.isArray(webhooks) ? (webhooks as { secret?: unknown }[]) : [])
    if (typeof hook.secret === "string") hook.secret = resolve(folder, hook.secret);
  return whole;
}

function toldToEnd(): Promise<void> {
  return new Promise((end) => {
    process.once("SIGTERM", () => end());
    process.once("SIGINT", () => end());
  });
}
