/** A fleet of made data for the page: as many nodes as a test wants, names of an attacker among them. */
import { createHash } from "node:crypto";
import type { Canister, CanisterInFull, ContourMap, Departure, Link, Node, State } from "@isoline/verifier";
import { checks } from "../../packages/attest/src/appraise/findings.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");
const NOW = Date.now();
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000).toISOString();

/** Names that a workload may give its files and its programs: markup, controls, letters that reverse or hide others. */
export const hostileNames = [
  "/tmp/<img src=x onerror=document.title='owned'>",
  "/tmp/<script>document.title='owned'</script>",
  "/tmp/\"'><svg onload=document.title='owned'>",
  "javascript:document.title='owned'",
  "/tmp/photo\u202egpj.exe",
  "/tmp/\u2066hidden\u2069\u200bname",
  "/tmp/{{constructor.constructor('document.title=1')()}}",
  "/tmp/a\u001b[2J\u0007b",
  "/tmp/\ud800lone",
  `/tmp/${"very-".repeat(300)}long`,
] as const;

const reasons: Readonly<Partial<Record<State, readonly [Node["failure"], string]>>> = {
  contraindicated: [
    "off-contour",
    "expected a state of the published contour, got one with 3 further points; look at the departures, then amend the contour or stop the canister",
  ],
  unverifiable: [
    "incomplete",
    "expected every act to be observed, got 12 lost; give the canister more memory for its ring",
  ],
  stale: ["stale", "expected evidence until 00:41:10, got none; look at the agent of the node"],
  revoked: [undefined, "stolen from the rack in hall 2"],
};

/** One of many nodes is in trouble; which one depends on its number alone. */
function stateOf(index: number): State {
  if (index % 211 === 7) return "contraindicated";
  if (index % 97 === 13) return "stale";
  if (index % 173 === 29) return "unverifiable";
  if (index % 1201 === 64) return "revoked";
  return index % 997 === 500 ? "unknown" : "affirming";
}

const all = Object.keys(checks);
const nodeChecks = all.slice(0, all.indexOf("rules"));
const canisterChecks = all.slice(all.indexOf("rules"));

/**
 * Every check passes, up to the one that explains the state; what comes behind it is not reached. What is silent or revoked keeps the
 * checks of its last evidence, which passed.
 */
function linksOf(names: readonly string[], state: State, explains: string): readonly Link[] {
  const why = reasons[state];
  const isJudged = state === "contraindicated" || state === "unverifiable";
  const broken = isJudged ? names.indexOf(explains) : names.length;
  return names.slice(0, broken + 1).map((name, index): Link => {
    if (index === broken) return { name, state: "failed", failure: why?.[0] ?? "stale", why: why?.[1] ?? "" };
    if (name === "node-clock") return { name, state: "warned", why: "the node's clock is 41 s ahead" };
    return { name, state: "passed" };
  });
}

export function madeNode(index: number): Node {
  const state = stateOf(index);
  const [failure, why] = reasons[state] ?? [];
  const region = ["eu-north", "eu-west", "us-east", "ap-south"][index % 4] ?? "";
  return {
    name: `${region}-${String(index).padStart(5, "0")}`,
    id: digest(`node ${index}`),
    tenant: ["acme", "globex", "initech"][index % 3] ?? "",
    labels: { region, rack: `r${index % 40}`, role: index % 5 === 0 ? "database" : "web" },
    state,
    failure,
    why,
    since: at(60 + (index % 9_000) * 11),
    lastSeen: at(index % 60),
    due: at(-60 + (index % 60)),
    enrolled: at(86_400 * 20 + index),
    root: index % 17 === 0 ? "none" : "tpm",
    sensors: ["seccomp", "bpf"],
    kernel: "6.12.41+deb13-amd64",
    build: digest("build").slice(0, 12),
    canisters: {
      affirming: 2 + (index % 3),
      contraindicated: state === "contraindicated" || index % 307 === 3 ? 1 : 0,
      unverifiable: state === "unverifiable" ? 1 : 0,
      stale: state === "stale" ? 3 : 0,
    },
    links: [...linksOf(nodeChecks, state, "ledger")],
  };
}

export function madeCanisters(node: Node): readonly Canister[] {
  const states: State[] = Object.entries(node.canisters).flatMap(([state, count]) =>
    Array<State>(count).fill(state as State),
  );
  return states.map((state, index) => {
    const [failure, why] = reasons[state] ?? [];
    const name = ["web", "redis", "postgres", "worker", "proxy", "mail"][index % 6] ?? "";
    return {
      node: node.name,
      label: `${name}-${index}`,
      tenant: node.tenant,
      image: `registry.example/${name}@sha256:${digest(name)}`,
      contour: digest(`contour ${name}`),
      contourName: `${name}.contour`,
      mode: index % 4 === 3 ? "watching" : "enforcing",
      sensor: index % 2 === 0 ? "bpf" : "seccomp",
      root: node.root === "tpm" ? "tpm" : "node",
      state,
      failure,
      why,
      since: node.since,
      started: at(86_400 * 3),
      points: 1_284 + index,
      measurement: digest(`${node.name} ${index}`),
      counters: {
        events: 18_402_113 + index,
        departures: state === "contraindicated" ? 14 : 0,
        refused: state === "contraindicated" ? 11 : 0,
        lost: state === "unverifiable" ? 12 : 0,
        untrusted: state === "contraindicated" ? 2 : 0,
      },
      links: [...linksOf(canisterChecks, state, "record")],
    };
  });
}

export function madeCanisterInFull(canister: Canister, names: readonly string[] = []): CanisterInFull {
  const bad = canister.state === "contraindicated";
  const told: Departure[] = bad
    ? [
        {
          at: at(49),
          line: "`sh` (nginx → sh) executed /usr/bin/curl",
          why: "`nginx` starts no program on the contour",
          nearest: "`entrypoint.sh` executed /usr/sbin/nginx",
          program: "/bin/dash",
          refused: true,
          times: 11,
          point: "ab".repeat(32),
        },
        {
          at: at(50),
          line: "`nginx` opened /etc/shadow for reading",
          why: "nothing in /etc is opened but known files",
          nearest: "opened /etc/nginx/nginx.conf for reading",
          program: "/usr/sbin/nginx",
          refused: false,
          times: 1,
        },
      ]
    : [];
  const hostile = names.map(
    (name): Departure => ({
      at: at(30),
      line: `opened ${name} for writing`,
      why: `no point has ${name}`,
      nearest: name,
      program: name,
      refused: true,
      times: 1,
    }),
  );
  const items = [
    { process: 3, pid: 4711, at: at(49), point: "ab".repeat(32) },
    { process: 9, pid: 4712, at: at(50), point: "cd".repeat(32) },
    { process: 12, pid: 4713, at: at(51) },
  ];
  const processes = { total: bad ? 240 : 0, items: bad ? items : [] };
  const past = { history: historyOf(canister), reports: reportsOf(canister) };
  return { ...canister, departures: [...told, ...hostile], processes, ...past };
}

/** A canister was affirming from when it was first reported on, until its verdict changed to what it is. */
function historyOf(canister: Canister): CanisterInFull["history"] {
  const { state, failure, why, since, started, counters } = canister;
  const first = { at: started, state: "affirming", counters: share(counters, 0) } as const;
  return state === "affirming" ? [first] : [{ at: since, state, failure, why, counters: share(counters, 1) }, first];
}

/** Nothing was counted that is bad until its verdict changed; then more, in even steps, up to what it counts now. */
function reportsOf({ node, since, started, counters }: Canister): CanisterInFull["reports"] {
  const hasCounted = counters.departures + counters.lost > 0;
  const step = (NOW - Date.parse(since)) / STEPS;
  const steps = Array.from({ length: hasCounted ? STEPS : 0 }, (_, index) => ({
    at: new Date(Date.parse(since) + index * step).toISOString(),
    counters: share(counters, index + 1),
  }));
  const items = [...steps.toReversed(), { at: started, counters: share(counters, 0) }];
  // Of a node whose own evidence does not count, nothing newer is known.
  return { items, ...(stateOf(Number(node.slice(-5))) === "affirming" && { until: at(0) }) };
}

const STEPS = 5;

/** Of what a canister counts now, what it had counted after so many steps. */
function share({ events, ...bad }: Canister["counters"], step: number): Canister["counters"] {
  const part = (value: number) => Math.round((value * step) / STEPS);
  const { departures, refused, lost, untrusted } = bad;
  return {
    events: events - (STEPS - step) * 900,
    ...{ departures: part(departures), refused: part(refused), lost: part(lost), untrusted: part(untrusted) },
  };
}

const folders = ["/usr/lib/x86_64-linux-gnu", "/etc", "/usr/share/nginx/html", "/proc/self", "/var/log/nginx", "/run"];

/** A contour of a web server, with these names in it as well. */
export function madeContour(name: string, names: readonly string[] = []): ContourMap {
  const read = (count: number, from: number) =>
    Array.from({ length: count }, (_, index) => ({
      operation: "open",
      target: `access=read path=${folders[(index + from) % folders.length]}/f${index}.so mode=0100644 uid=0 gid=0 fs=disk`,
      times: index + 1,
    }));
  const programs: ContourMap["programs"] = [
    {
      program: "/usr/sbin/nginx",
      acts: [
        ...read(160, 0),
        { operation: "create write", target: "/run/nginx.pid" },
        { operation: "open write,append", target: "/var/log/nginx/access.log" },
        { operation: "rename", target: "/var/log/nginx/error.log" },
        { operation: "bind", target: "tcp 0.0.0.0:80" },
        { operation: "accept", target: "tcp 0.0.0.0:80" },
        { operation: "connect", target: "family=inet type=tcp address=10.0.0.7:5432" },
        { operation: "kill", target: "a child" },
        { operation: "setid", target: "www-data" },
      ],
    },
    { program: "/bin/dash", acts: [...read(40, 2), { operation: "exec", target: "/usr/sbin/nginx" }] },
    { program: "/docker-entrypoint.sh", acts: [...read(24, 1), { operation: "exec", target: "/bin/dash" }] },
    {
      program: "/usr/bin/envsubst",
      acts: [...read(18, 0), { operation: "create write", target: "/etc/nginx/conf.d/a" }],
    },
    { program: "/usr/bin/find", acts: [...read(12, 1), { operation: "mkdir", target: "/run/nginx" }] },
    ...names.map((program) => ({ program, acts: names.map((target) => ({ operation: "open read", target })) })),
  ];
  const points = programs.reduce((sum, { acts }) => sum + acts.length, 0);
  const users = ["user 0 (root)", "user 101"];
  const withUsers = programs.map(({ program, acts }) => ({
    program,
    acts: acts.map((act) => ({ ...act, user: act.operation === "connect" ? 1 : 0 })),
  }));
  return { name, points, users, programs: withUsers, text: "isoline contour 2\n" };
}
