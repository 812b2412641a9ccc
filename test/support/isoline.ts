/** The compiled command line, started as a user or a CI job starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const isolineProgram = fromHere("../../packages/isoline/bin/isoline");

/** Whether there is a build to start. */
export const isBuilt = existsSync(fromHere("../../packages/isoline/dist/cli/main.js"));

/** The PATH: the folder of this Node, and the system's. */
export const SYSTEM_PATH = [...new Set([dirname(process.execPath), "/usr/bin", "/bin", "/usr/sbin"])].join(":");

export interface Start {
  readonly cwd: string;
  /** Added to a small environment that is the same everywhere. */
  readonly env?: Readonly<Record<string, string>>;
  /** The user of the process; the caller's if absent. */
  readonly uid?: number | undefined;
  readonly stdout?: "pipe" | "ignore" | number;
  /** Starts it in a process group of its own: a workload that signals its group must not reach the tests. */
  readonly ownGroup?: boolean;
  /** Called with the process as soon as it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs isoline to its end. Output is read as UTF-8. */
export function isoline(args: readonly string[], start: Start): Promise<Ended> {
  return ended(isolineProgram, args, start);
}

/** Runs any program to its end, in the same environment. */
export function ended(program: string, args: readonly string[], start: Start): Promise<Ended> {
  const { cwd, env = {}, uid, stdout = "pipe", ownGroup = false, onStart } = start;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { PATH: SYSTEM_PATH, HOME: cwd, LC_ALL: "C", ...env },
      stdio: ["ignore", stdout, "pipe"],
      detached: ownGroup,
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, ...said }));
    onStart?.(child);
  });
}

/** What `--report` writes, as far as tests read it. */
export interface Report {
  readonly verdict: "on-contour" | "off-contour" | "incomplete" | "learnt";
  readonly mode: string;
  readonly events: number;
  readonly attempts: number;
  readonly points: number;
  readonly off: number;
  readonly refused: number;
  readonly guesses: number;
  readonly kept: number;
  readonly pauses: { readonly times: number; readonly seconds: number };
  readonly racy: Readonly<Record<string, number>>;
  readonly state: string;
  readonly incomplete: readonly { readonly reason: string; readonly count: number }[];
  readonly departures: readonly Departure[];
  readonly landlock: { readonly applied: boolean; readonly version: number } | null;
}

export interface Departure {
  readonly act: string;
  readonly why: string;
  readonly chain: readonly string[];
  readonly count: number;
  readonly refused: number;
}

/** Reads the report that a run wrote into a directory. */
export function readReport(directory: string, name = "report.json"): Report {
  return JSON.parse(readFileSync(join(directory, name), "utf8")) as Report;
}
