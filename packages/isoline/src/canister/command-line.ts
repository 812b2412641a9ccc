/**
 * Parses runc's command line as far as a canister needs it: `runc [global options] COMMAND [options] [--] ID …` (runc(8),
 * runc-create(8), runc-run(8), runc-exec(8)).
 *
 * An unknown option may or may not take a value, so the words after it could be misread: it is refused.
 */
import { resolve } from "node:path";
import { CliError } from "../error.ts";

export interface RuncCall {
  readonly command: string;
  /** Options of runc itself and of the command, by their long name; flags are "true". The last occurrence counts. */
  readonly globals: ReadonlyMap<string, string>;
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

type Kind = "value" | "flag";

const globals: Readonly<Record<string, Kind>> = {
  debug: "flag",
  log: "value",
  "log-format": "value",
  root: "value",
  criu: "value",
  "systemd-cgroup": "flag",
  rootless: "value",
};

const creating: Readonly<Record<string, Kind>> = {
  bundle: "value",
  "console-socket": "value",
  "pidfd-socket": "value",
  "pid-file": "value",
  "no-pivot": "flag",
  "no-new-keyring": "flag",
  "preserve-fds": "value",
};

const commands: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  create: creating,
  run: { ...creating, detach: "flag", keep: "flag", "no-subreaper": "flag" },
  start: {},
  delete: { force: "flag" },
  exec: {
    "console-socket": "value",
    "pidfd-socket": "value",
    cwd: "value",
    env: "value",
    tty: "flag",
    user: "value",
    "additional-gids": "value",
    process: "value",
    detach: "flag",
    "pid-file": "value",
    "process-label": "value",
    apparmor: "value",
    "no-new-privs": "flag",
    cap: "value",
    "preserve-fds": "value",
    cgroup: "value",
    "ignore-paused": "flag",
  },
};

/** Short forms that urfave/cli accepts for these commands. */
const short: Readonly<Record<string, string>> = {
  b: "bundle",
  d: "detach",
  f: "force",
  e: "env",
  t: "tty",
  u: "user",
  g: "additional-gids",
  p: "process",
  c: "cap",
};

/** Parses the arguments after the program's name. Container ids must have the form that runc permits. */
export function parseRuncCall(argv: readonly string[]): RuncCall {
  const own = readOptions(argv, globals, "runc");
  const [command, ...rest] = own.rest;
  const known = command === undefined ? undefined : commands[command];
  if (command === undefined || known === undefined)
    throw new CliError(
      "usage",
      `expected one of ${Object.keys(commands).join(", ")}, got ${JSON.stringify(command ?? "nothing")}`,
    );
  const { options, rest: operands } = readOptions(rest, known, command);
  return { command, globals: own.options, options, operands };
}

/** Options that are paths, which runc takes from its working directory. */
const PATHS = ["bundle", "console-socket", "pidfd-socket", "pid-file", "root", "log"];

/** The same call for a process with another working directory. */
export function absoluteCall({ command, globals, options, operands }: RuncCall, cwd: string): RuncCall {
  const placed = (given: ReadonlyMap<string, string>) =>
    new Map(
      Array.from(given, ([name, value]) => [name, PATHS.includes(name) && value !== "" ? resolve(cwd, value) : value]),
    );
  const bundle = new Map([["bundle", cwd], ...options]);
  return { command, globals: placed(globals), options: placed(bundle), operands };
}

/** The container that a call names. */
export function containerOf({ command, operands: [id] }: RuncCall): string {
  if (id === undefined || !/^[A-Za-z0-9_][\w+.-]{0,199}$/.test(id))
    throw new CliError(
      "usage",
      `${command}: expected a container id of letters, digits, _ + . and -, got ${JSON.stringify((id ?? "").slice(0, 60))}`,
    );
  return id;
}

function readOptions(
  argv: readonly string[],
  known: Readonly<Record<string, Kind>>,
  owner: string,
): { options: Map<string, string>; rest: string[] } {
  const options = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") return { options, rest: argv.slice(at + 1) };
    if (!word.startsWith("-") || word === "-") return { options, rest: argv.slice(at) };
    const [, given = "", , assigned] = /^--?([^=]*)(=([\s\S]*))?$/.exec(word) ?? [];
    const name = known[given] === undefined ? (short[given] ?? given) : given;
    const kind = known[name];
    if (kind === undefined)
      throw new CliError(
        "usage",
        `${owner} has no option ${JSON.stringify(word.slice(0, 60))} that isoline-runc knows`,
      );
    if (kind === "flag") options.set(name, assigned ?? "true");
    else {
      const value = assigned ?? argv[++at];
      if (value === undefined) throw new CliError("usage", `${owner}: ${word} wants a value`);
      options.set(name, value);
    }
  }
  return { options, rest: [] };
}
