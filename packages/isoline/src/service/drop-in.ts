/** The drop-in that puts the commands of a service under isoline (systemd.unit(5)). */
import { CliError } from "../error.ts";
import { apartFromAgent, obstaclesIn, remarksOn, removable } from "./hardening.ts";
import type { Settings } from "./settings.ts";
import { startCommands } from "./start-command.ts";

export const DROP_IN = "50-isoline.conf";
const CONTROL_PLACE = "/run/isoline";

export interface DropInOrder {
  /** With its ending. */
  readonly unit: string;
  readonly mode: "learn" | "enforce";
  /** Absolute paths that systemd takes as they are. */
  readonly program: string;
  readonly contour: string;
  /** The agent's socket, where the agent is to supervise it. */
  readonly agentSocket: string | undefined;
  /** Settings of the unit that the drop-in turns off. */
  readonly without: readonly string[];
  /** The value of `--user`; undefined where the unit names no user. */
  readonly user: string | undefined;
}

export interface DropIn {
  readonly text: string;
  /** One line each, for the operator. */
  readonly remarks: readonly string[];
}

/** A path or name that needs no quotes in a unit, and no specifier begins in it. */
const PLAIN = /^[A-Za-z0-9/_.:@+-]+$/;
const LONGEST_NAME = 40;

/** What `isoline ps` calls the service: its unit's name without the ending, in the letters that names may have. */
function namespaceName(unit: string): string {
  return unit
    .replace(/\.service$/, "")
    .replace(/[^A-Za-z0-9_.-]/g, "_")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, LONGEST_NAME);
}

/** Refuses with `unfit-unit` a unit that isoline cannot supervise, naming one setting. */
export function dropInFor(settings: Settings, order: DropInOrder): DropIn {
  const { unit, mode, without } = order;
  assertFit(settings, order);
  const lines = settings.all("ExecStart");
  const commands = lines.flatMap((line) => startCommands(line));
  if (commands.length === 0)
    throw unfit(unit, "an ExecStart= that starts a program, found none; a unit without one has nothing to supervise");
  const apart = order.agentSocket === undefined ? undefined : apartFromAgent(settings);
  const agent = apart === undefined ? order.agentSocket : undefined;
  const before = [...isolineWords(order, agent)];
  const started = commands.map(({ prefixes, words }) => {
    const asRoot = prefixes.includes("+") || prefixes.includes("!");
    const user = asRoot ? undefined : order.user;
    const rights = user === undefined ? prefixes : `${prefixes}!`;
    return `ExecStart=${rights}${[...before, ...(user === undefined ? [] : ["--user", user]), "--", ...words].join(" ")}`;
  });
  const type = settings.one("Type") ?? "simple";
  const tells = type.startsWith("notify") || /^(?:main|exec)$/.test(settings.one("NotifyAccess") ?? "");
  const closes = /^(?:strict)$/.test(settings.one("ProtectSystem") ?? "") || settings.all("ReadOnlyPaths").length > 0;
  const kills = (settings.one("KillMode") ?? "control-group") === "control-group";
  const text = [
    `# ${MARK} ${mode} ${unit}`,
    `# Written by isoline service ${mode}; changes are lost. docs/how-to/service.md says what each line is for.`,
    ...(agent === undefined ? [] : ["[Unit]", "After=isoline-agent.service", "Wants=isoline-agent.service"]),
    "[Service]",
    ...without.map((setting) => `${setting}=${removable.get(setting) ?? ""}`),
    ...(closes ? opened(order.contour) : []),
    ...(tells ? ["NotifyAccess=all"] : []),
    ...(kills ? ["KillMode=mixed"] : []),
    "ExecStart=",
    ...started,
  ];
  return {
    text: `${text.join("\n")}\n`,
    remarks: [
      ...without.map((setting) => `${setting}= of the unit is off, as was asked`),
      ...(tells ? ["any process of the service may now notify systemd, since its first one is isoline's child"] : []),
      ...(apart === undefined
        ? []
        : [`the agent does not take it, because of ${apart}=; it has a supervisor of its own`]),
      ...remarksOn(settings),
    ],
  };
}

/** In the first line of a drop-in, by which it is known again. */
const MARK = "isoline-service:";

/** Mode and unit of a drop-in that isoline wrote; undefined for any other file. */
export function markIn(text: string): { readonly mode: "learn" | "enforce"; readonly unit: string } | undefined {
  const [, mode, unit = ""] = new RegExp(`^# ${MARK} (learn|enforce) (\\S+)\\n`).exec(text) ?? [];
  return mode === "learn" || mode === "enforce" ? { mode, unit } : undefined;
}

function* isolineWords({ unit, mode, program, contour }: DropInOrder, agent: string | undefined) {
  yield program;
  if (mode === "learn") yield* ["learn", "--merge", "-o", contour];
  else yield* ["run", "--enforce", contour, "--report", reportOf(contour)];
  yield* ["--name", namespaceName(unit)];
  if (mode === "enforce" && agent !== undefined) yield* ["--agent", "--agent-socket", agent];
}

/** Where the report of the last run is. */
export const reportOf = (contour: string): string => `${contour.replace(/\.contour$/, "")}.report.json`;

/** Where the unit makes the file system read-only, isoline writes into its own two directories all the same. */
function opened(contour: string): string[] {
  const folder = contour.slice(0, contour.lastIndexOf("/"));
  return [`ExecStartPre=+/usr/bin/install -d -m 0700 ${CONTROL_PLACE}`, `ReadWritePaths=-${CONTROL_PLACE} ${folder}`];
}

function assertFit(settings: Settings, { unit, program, contour, without }: DropInOrder): void {
  for (const path of [program, contour])
    if (!PLAIN.test(path) || !path.startsWith("/"))
      throw unfit(
        unit,
        `an absolute path of letters, digits, / _ . : @ + and -, got ${JSON.stringify(path.slice(0, 80))}`,
      );
  const strange = without.find((setting) => !removable.has(setting));
  if (strange !== undefined)
    throw new CliError(
      "usage",
      `--without: expected one of ${[...removable.keys()].join(", ")}, got ${JSON.stringify(strange.slice(0, 40))}`,
    );
  const [obstacle] = obstaclesIn(settings, without);
  if (obstacle === undefined) return;
  const { setting, why, off } = obstacle;
  const next = off === undefined ? "change the unit" : `change the unit, or turn it off with --without ${setting}`;
  throw unfit(unit, `a unit without ${setting}=${settings.one(setting)?.slice(0, 60) ?? ""}: ${why}; ${next}`);
}

function unfit(unit: string, expected: string): CliError {
  return new CliError("unfit-unit", `${unit}: expected ${expected}`);
}
