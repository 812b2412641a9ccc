/** Runs a command under the compiled sensor; returns its output, the report, and each event beside the program that acted. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventFromJson, formatAct } from "@isoline/core/event";
import { canonicalPolicy, DEFAULT_POLICY, type Policy, type SwitchableRule } from "@isoline/core/identity";

/** Paths and names stay as the sensor saw them; numbers that differ from run to run are levelled. */
export const PLAIN: Policy = {
  ...DEFAULT_POLICY,
  rules: {
    ...DEFAULT_POLICY.rules,
    ...(Object.fromEntries(
      [
        "working-directory",
        "home",
        "temp",
        "runtime-directory",
        "control-group",
        "launch-user",
        "created",
        "content-address",
        "own-image",
        "allocator",
        "way-down",
      ].map((rule) => [rule, false]),
    ) as Partial<Record<SwitchableRule, boolean>>),
  },
};

export interface Order {
  readonly command: readonly string[];
  /** Working directory, which contains the files of the run. */
  readonly directory: string;
  readonly mode?: "learn" | "watch" | "enforce";
  /** For watch and enforce: the contour. */
  readonly contour?: string;
  readonly policy?: Policy;
  /** Called with what the workload writes, as it does, and with the supervisor's process. */
  readonly onOutput?: (text: string, supervisor: ChildProcess) => void | Promise<void>;
  /** A command that starts the supervisor. */
  readonly within?: readonly string[];
  readonly uid?: number | undefined;
  /** `seccomp` if absent. */
  readonly sensor?: "seccomp" | "bpf";
}

/** One event: the path of the program that acted, its ids, and the one-line form of the act. */
export interface Seen {
  readonly program: string;
  readonly uid: number;
  readonly act: string;
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly Seen[];
  /** The path of each task's program, by the task. */
  readonly programs: ReadonlyMap<string, string>;
  /** The file of the learnt contour. */
  readonly learnt: string;
  readonly exit: { readonly state: string; readonly status?: number; readonly signal?: number };
  readonly report: {
    readonly events: number;
    readonly attempts: number;
    readonly off: number;
    readonly refused: number;
    readonly guesses: number;
    readonly racy: Readonly<Record<string, number>>;
    readonly state: string;
    readonly incomplete: readonly { readonly reason: string; readonly count: number }[];
    readonly departures: readonly {
      readonly act: string;
      readonly why: string;
      readonly chain: readonly string[];
      readonly event: { readonly actor: { readonly task: string } };
    }[];
  };
}

/** In a virtual machine the tests are not in their place in the repository, and get its path. */
const sensorTests = process.env["ISOLINE_SENSOR_TESTS"] ?? fileURLToPath(new URL(".", import.meta.url));
const driver = join(sensorTests, "supervise.mjs");

/** Whether the packages are built: the sensor's threads are started from compiled files. */
export const isBuilt = existsSync(join(sensorTests, "../../packages/isoline/dist/namespace/namespace.js"));

/** An engine elsewhere, if the suite is run with one: see test/wire/suites.test.ts. */
const engine = process.env["ISOLINE_TEST_ENGINE"];

let runs = 0;

/** Runs a command in a namespace of its own, until its last process has ended. */
export async function supervise(order: Order): Promise<Outcome> {
  const { directory, command, mode = "learn", policy = PLAIN } = order;
  const name = `run-${process.pid}-${++runs}`;
  const [report, trajectory, output] = ["report", "trajectory", "contour"].map((kind) =>
    join(directory, `${name}.${kind}`),
  );
  const plan = {
    mode,
    sensor: order.sensor ?? "seccomp",
    trajectory,
    ...(engine === undefined ? {} : { engine: JSON.parse(engine) }),
    ...(mode === "learn" ? { output, policy: canonicalPolicy(policy) } : { contour: order.contour }),
  };
  const argv = [...(order.within ?? []), process.execPath, driver, JSON.stringify({ plan, command, report })];
  const { stdout, stderr } = await ended(argv, order);
  if (!existsSync(report!))
    return {
      ...{ stdout, stderr, learnt: output!, events: [], programs: new Map() },
      ...{ exit: { state: "lost" }, report: NOTHING },
    };
  const outcome = JSON.parse(readFileSync(report!, "utf8"));
  if (outcome.fault) throw new Error(`the namespace failed (${outcome.fault}): ${outcome.message}\n${stderr}`);
  return { stdout, stderr, learnt: output!, ...eventsOf(trajectory!), ...outcome };
}

const NOTHING: Outcome["report"] = {
  events: 0,
  attempts: 0,
  off: 0,
  refused: 0,
  guesses: 0,
  racy: {},
  state: "",
  incomplete: [],
  departures: [],
};

function eventsOf(trajectory: string): Pick<Outcome, "events" | "programs"> {
  const programs = new Map<string, string>();
  const seen: Seen[] = [];
  for (const line of readFileSync(trajectory, "utf8")
    .split("\n")
    .filter((text) => text !== "")) {
    const record = JSON.parse(line);
    if ("task" in record) {
      programs.set(record.task.id, record.task.images[0].path);
      continue;
    }
    const event = eventFromJson(record);
    const program = programs.get(event.actor.task) ?? "";
    seen.push({ program, uid: event.actor.credentials.euid, act: formatAct(event) });
  }
  return { events: seen, programs };
}

function ended([program, ...argv]: readonly string[], order: Order): Promise<{ stdout: string; stderr: string }> {
  const { directory: cwd, uid, onOutput } = order;
  return new Promise((resolve, reject) => {
    const identity = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(program as string, argv, { cwd, ...identity, stdio: ["ignore", "pipe", "pipe"] });
    const parts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("latin1").on("data", (text: string) => {
        parts[name] += text;
        if (name === "stdout") Promise.resolve(onOutput?.(text, child)).catch(reject);
      });
    }
    child.on("error", reject);
    child.on("close", () => resolve(parts));
  });
}
