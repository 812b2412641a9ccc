/** Running commands: to learn a contour, to check one, or under one. */
import type { PresetName } from "@isoline/core/identity";
import { type IntegrityPlan, unasked } from "../integrity/plan.ts";
import { argumentText, commandText } from "../namespace/command-text.ts";
import { writeLabel } from "../namespace/label.ts";
import { readPlaces } from "../namespace/places.ts";
import { planToLearn, planUnder, type Surroundings } from "../namespace/plan.ts";
import { beginRun } from "../namespace/run-beginning.ts";
import { type SensorChoice, sensorFor } from "../namespace/sensor-choice.ts";
import { CliError } from "../error.ts";
import { tpmPlan } from "../register/options.ts";
import { putAside } from "../store/checkpoint.ts";
import { assertWritable, Output } from "../store/output.ts";
import { policyLine } from "../store/policy-file.ts";
import { readTrustedKey } from "../store/signature/keys.ts";
import { type EngineOptions, enginePlan } from "./engine.ts";
import { type Environment, type Host, thisProcess } from "./host.ts";
import type { Run } from "./run.ts";
import { type Hooks, type Order, type Started, startRun } from "./start.ts";
import { entryAs } from "./user.ts";

/** Where a run is recorded in hardware. */
export interface TpmOptions {
  readonly address: string;
  readonly ledger?: string | undefined;
  readonly pcr?: number | undefined;
}

/** What can be said of every command that is run. */
export interface WorkloadOptions {
  /** Ends the run: every process gets SIGTERM, and what is left is killed after five seconds. */
  readonly signal?: AbortSignal | undefined;
  /** The environment of the command; that of this process if left out. */
  readonly env?: Environment | undefined;
  /** Where events come from; `auto` is seccomp. */
  readonly sensor?: SensorChoice | undefined;
  /** Starts the command as this user, by name, number or UID:GID; for root. */
  readonly user?: string | undefined;
  /** Has `events()` begin with the first event. */
  readonly follow?: boolean | undefined;
  /**
   * The TPM in which the run is recorded, as `unix:PATH`, `tcp:HOST:PORT` or a device; with the directory of the host's ledgers and the
   * PCR for births if they are not the usual ones. Nothing starts if it does not answer: docs/attestation.md.
   */
  readonly tpm?: TpmOptions | undefined;
  /** IMA for the run: docs/ima.md. What is left out is as on the command line. */
  readonly ima?: Partial<IntegrityPlan> | undefined;
  /** Has an engine at the other end of a wire decide: docs/engine.md. */
  readonly engine?: EngineOptions | undefined;
}

/** What can be said of learning. */
export interface LearnOptions extends WorkloadOptions {
  /** Where the contour is written when the run has ended. An older one is replaced. */
  readonly output: string;
  /** Adds to the contour that is there. */
  readonly merge?: boolean | undefined;
  /** What counts: `default`, `exact`, or a policy file. */
  readonly lens?: string | undefined;
  /** Says that the state which the command finds was made anew for this run, so that its evidence counts as of a clean start. */
  readonly cleanStart?: boolean | undefined;
  /** Toolchains and services whose rules are added to the lens: docs/how-to/toolchains.md. */
  readonly presets?: readonly PresetName[] | undefined;
  /** A file for events in the order they first happened, one JSON object a line, 1 GiB at most. */
  readonly trajectory?: string | undefined;
}

/** What can be said of running under a contour. */
export interface SealedOptions extends WorkloadOptions {
  /** Refuses what is off contour, instead of only telling. */
  readonly enforce?: boolean | undefined;
  /** With `enforce` and seccomp: whether the kernel is to refuse as well; true if left out. */
  readonly landlock?: boolean | undefined;
  /** Files of public keys; the contour must be signed by one of them. */
  readonly trustedKeys?: readonly string[] | undefined;
  /**
   * A person is asked about the off-contour acts of trusted processes, which wait meanwhile: see `questions` of the run. Without an
   * answer in so many seconds (30 if left out) an act is refused. Under seccomp only.
   */
  readonly ask?: { readonly seconds?: number | undefined } | undefined;
  /** With `enforce` and bpf: for how many seconds an act waits that is not decided about. */
  readonly holdSeconds?: number | undefined;
}

/**
 * Runs a command and learns its contour. Resolves when the command runs; `ended` of the run settles when its last process has
 * ended and the contour is written. What earlier runs that were killed had learnt is put aside, and `cutShort` of the run says where.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * const run = await learn(["sh", "-c", "echo hello > greeting"], { output: "hello.contour" });
 * const { status, verdict } = await run.ended;
 * const contour = await contours.read("hello.contour");
 * console.log(status, verdict, contour.size > 0);
 * // prints: 0 learnt true
 */
export async function learn(command: readonly string[], options: LearnOptions): Promise<Run> {
  const cutShort = putAside(options.output);
  const { run } = await startLearning(thisProcess(options.env), bytesOf(command), options);
  run.cutShort = cutShort;
  return run;
}

/**
 * Runs a command under a sealed contour and says whether it kept to it: the `status` of the result is 0 on contour, 3 off
 * contour, 4 if anything could not be observed, else the command's own.
 *
 * @example
 * import { check, learn } from "isoline";
 *
 * await (await learn(["sh", "-c", "cat /etc/hostname > /dev/null"], { output: "cat.contour" })).ended;
 * const run = await check("cat.contour", ["sh", "-c", "cat /etc/hostname /etc/passwd > /dev/null"]);
 * const { status, report } = await run.ended;
 * console.log(status, report.departures[0]?.why.includes("/etc/passwd"));
 * // prints: 3 true
 */
export async function check(contour: string, command: readonly string[], options: SealedOptions = {}): Promise<Run> {
  return (await startSealed(thisProcess(options.env), contour, bytesOf(command), { ...options, checks: true })).run;
}

/**
 * Runs a command under a contour, for as long as it takes: the `status` of the result is the command's own. With `enforce`, what
 * is off contour is refused.
 *
 * @example
 * import { learn, run } from "isoline";
 *
 * await (await learn(["sh", "-c", "ls /etc > /dev/null"], { output: "ls.contour" })).ended;
 * const abort = new AbortController();
 * const service = await run("ls.contour", ["sh", "-c", "ls /etc > /dev/null; sleep 60"], { signal: abort.signal });
 * abort.abort(new Error("enough"));
 * await service.ended.catch((fault) => console.log(fault.message));
 * // prints: enough
 */
export async function run(contour: string, command: readonly string[], options: SealedOptions = {}): Promise<Run> {
  return (await startSealed(thisProcess(options.env), contour, bytesOf(command), options)).run;
}

/** What a program is called by, beside what it is started with. */
interface Called {
  /** The name of the live namespace. */
  readonly name?: string | undefined;
}

/** The same as `learn` for any host. */
export async function startLearning(
  host: Host,
  command: readonly Uint8Array[],
  options: LearnOptions & Called,
  hooks?: Hooks,
): Promise<Started> {
  const { output, merge = false, trajectory, lens, presets, cleanStart = false } = options;
  const held = Output.open(output);
  const close = () => held.close();
  try {
    if (trajectory !== undefined) assertWritable(trajectory);
    const learning = hostFor(host, options);
    const plan = planToLearn(common(learning, command, options), {
      output,
      adds: merge,
      run: beginRun(command, cleanStart ? "clean" : "unknown"),
      policy: await policyLine(lens, presets),
      trajectory,
    });
    const order = { plan, command, about: about(output, command, true), output: held, signal: options.signal };
    const started = await startRun(learning, order, hooks);
    started.run.ended.then(close, close);
    return started;
  } catch (fault) {
    close();
    throw fault;
  }
}

/** The same as `check` and `run` for any host. */
export async function startSealed(
  host: Host,
  contour: string,
  command: readonly Uint8Array[],
  options: SealedOptions & Called & { readonly checks?: boolean },
  hooks?: Hooks,
): Promise<Started> {
  const { host: started, order } = sealedOrder(host, contour, command, options);
  return startRun(started, order, hooks);
}

/** What is to be done for a command under a contour, and by which host. */
export function sealedOrder(
  host: Host,
  contour: string,
  command: readonly Uint8Array[],
  options: SealedOptions & Called & { readonly checks?: boolean },
): { readonly host: Host; readonly order: Order } {
  const { enforce = false, landlock = true, trustedKeys, holdSeconds, ask, checks, signal } = options;
  const keys = trustedKeys?.map(readTrustedKey);
  const started = hostFor(host, options);
  const shared = common(started, command, options);
  if (ask !== undefined && shared.sensor !== "seccomp") throw cannotAsk();
  if (ask !== undefined && shared.engine !== undefined) throw cannotAskElsewhere();
  const surroundings = {
    ...shared,
    asks: ask && { most: MOST_QUESTIONS },
    signed: keys && { keys, image: { digests: [], named: false } },
    holdSeconds,
  };
  // The verdicts of the kernel are about objects: there is no race for Landlock to win.
  const plan = planUnder(contour, surroundings, {
    enforce,
    landlock: enforce && landlock && shared.sensor === "seccomp",
  });
  const order = { plan, command, about: about(contour, command, false), answerSeconds: ask?.seconds, checks, signal };
  return { host: started, order };
}

/** More acts than these never wait for a person at once. */
const MOST_QUESTIONS = 32;

/** Some acts are waited for in the kernel itself, which stops a processor: there is no waiting for a person. */
function cannotAsk(): CliError {
  return new CliError(
    "usage",
    "the bpf sensor cannot wait for a person: it decides some acts in the kernel, within eight seconds; ask under --sensor seccomp",
  );
}

/** A person widens the contour, and the contour is the engine's. */
function cannotAskElsewhere(): CliError {
  return new CliError(
    "usage",
    "a person is asked beside the engine, and this one is elsewhere; leave --ask out, or --engine",
  );
}

function hostFor(host: Host, { user }: WorkloadOptions): Host {
  return { ...host, entry: entryAs(user, host.entry) };
}

/** What a plan has whatever the run is for. */
function common({ entry }: Host, command: readonly Uint8Array[], options: WorkloadOptions & Called) {
  return {
    sensor: sensorFor(options.sensor),
    label: writeLabel({ name: options.name, command: commandText(command) }),
    places: readPlaces(entry),
    openFiles: entry.openFiles,
    followed: options.follow,
    tpm: options.tpm && tpmPlan(options.tpm),
    integrity: options.ima && { ...unasked, ...options.ima },
    engine: options.engine && enginePlan(options.engine),
  } satisfies Surroundings;
}

function about(contour: string, command: readonly Uint8Array[], learns: boolean) {
  return { contour, command: command.map(argumentText), learns };
}

function bytesOf(command: readonly string[]): Uint8Array[] {
  return command.map((word) => Buffer.from(word));
}
