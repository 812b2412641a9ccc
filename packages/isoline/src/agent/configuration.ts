/**
 * The agent's configuration: `/etc/isoline/agent.yaml`, or the file that `--config` names. Every key may be left out.
 *
 *   socket: /run/isoline/agent/socket    where commands and containers are handed over; for root only
 *   namespaces: 512                      how many at once, at most
 *   threads: 4                           shared by namespaces; with 0, each has one of its own
 *   adopt: true                          takes over namespaces of the bpf sensor that have lost their supervisor
 *   metrics: unix:/run/isoline/agent/metrics    or tcp:127.0.0.1:PORT, or none: for Prometheus, with /healthz
 *   otlp: https://HOST/v1/metrics        where metrics are pushed to over OTLP; nowhere if left out
 *   begin: { allow: [{ users: [web] }] } which processes may begin a namespace for themselves; none if left out
 *   verifier: {}                         evidence goes to the verifier that this node is enrolled at: docs/fleet.md
 *
 * Unknown keys are refused. Only root may be able to write the file.
 */
import { isLoopback } from "@isoline/core/loopback";
import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { assertOnlyOursToWrite } from "../canister/host-configuration.ts";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";
import { parseYaml } from "../store/yaml.ts";
import { type BeginConfiguration, beginIn } from "./begun/configuration.ts";
import { type OtlpConfiguration, otlpIn } from "./otlp/configuration.ts";
import { assertKeys, number, type Table, table, wrong } from "./settings.ts";

export interface AgentConfiguration {
  /** Absolute path. */
  readonly socket: string;
  readonly namespaces: number;
  /** Supervising threads that namespaces share. */
  readonly threads: number;
  /** Whether it takes over namespaces of the bpf sensor that have lost their supervisor. */
  readonly adopts: boolean;
  /** Undefined: no metrics are served. */
  readonly metrics: MetricsAddress | undefined;
  /** Undefined: they are pushed nowhere. */
  readonly otlp: OtlpConfiguration | undefined;
  /** Undefined: nothing is attested. */
  readonly verifier:
    | { /** Directory that `isoline fleet join` wrote; the usual one if left out. */ readonly state?: string }
    | undefined;
  /** Undefined: no process may begin a namespace for itself. */
  readonly begin: BeginConfiguration | undefined;
}

export type MetricsAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export const AGENT_PLACE = "/etc/isoline/agent.yaml";
export const AGENT_SOCKET = "/run/isoline/agent/socket";
const AGENT_METRICS = "unix:/run/isoline/agent/metrics";
const MOST_BYTES = 1024 * 1024;
const MOST_NAMESPACES = 4096;
const MOST_THREADS = 64;
const KEYS = ["socket", "namespaces", "threads", "adopt", "metrics", "otlp", "verifier", "begin"];

/** Reads the file; without one, the defaults of the comments above. A file that was named must exist. */
export async function readAgentConfiguration(named: string | undefined): Promise<AgentConfiguration> {
  const file = named ?? AGENT_PLACE;
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined && named === undefined) return configurationIn({}, file);
  if (stat !== undefined) assertOnlyOursToWrite(file, stat);
  const text = readRegular(file, MOST_BYTES, "the agent's configuration").toString("utf8");
  const refused = (why: string, cause: unknown) =>
    new CliError("bad-agent-configuration", `${file}: ${why}`, { cause });
  return configurationIn((await parseYaml(text, refused)) ?? {}, file);
}

function configurationIn(value: unknown, file: string): AgentConfiguration {
  const source = table(value, "the file", file);
  assertKeys(source, KEYS, "the file", file);
  const {
    socket = AGENT_SOCKET,
    namespaces = 512,
    threads = 4,
    adopt = true,
    metrics = AGENT_METRICS,
    otlp,
    verifier,
    begin,
  } = source;
  if (typeof socket !== "string" || !isAbsolute(socket)) throw wrong(file, "socket", "an absolute path", socket);
  if (typeof adopt !== "boolean") throw wrong(file, "adopt", "true or false", adopt);
  return {
    socket,
    namespaces: number(namespaces, "namespaces", [1, MOST_NAMESPACES], file),
    threads: number(threads, "threads", [0, MOST_THREADS], file),
    adopts: adopt,
    metrics: metricsIn(metrics, file),
    otlp: otlp === undefined ? undefined : otlpIn(otlp, file),
    verifier: verifier === undefined ? undefined : verifierIn(table(verifier, "verifier", file), file),
    begin: begin === undefined ? undefined : beginIn(table(begin, "begin", file), file),
  };
}

/** Metrics name contours and programs, so they are for this machine only. */
function metricsIn(value: unknown, file: string): MetricsAddress | undefined {
  if (value === "none") return undefined;
  const [, path] = /^unix:(\/.+)$/.exec(typeof value === "string" ? value : "") ?? [];
  if (path !== undefined) return { kind: "unix", path };
  const [, host, port] = /^tcp:(.+):(\d{1,5})$/.exec(typeof value === "string" ? value : "") ?? [];
  if (host === undefined || !isLoopback(host) || Number(port) > 65_535)
    throw wrong(
      file,
      "metrics",
      "unix:/PATH, tcp:HOST:PORT of this machine (127.0.0.1, [::1], localhost), or none",
      value,
    );
  return { kind: "tcp", host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

function verifierIn(source: Table, file: string): { readonly state?: string } {
  assertKeys(source, ["state"], "verifier", file);
  const { state } = source;
  if (state === undefined) return {};
  if (typeof state !== "string" || !isAbsolute(state)) throw wrong(file, "state", "an absolute path", state);
  return { state };
}
