/** Reads what a client asks for: every member is checked, and what is not known here is left out. */
import { isAbsolute } from "node:path";
import type { Launch as Places } from "@isoline/core/identity";
import type { AppliedLandlock, ChildState } from "@isoline/linux";
import { absoluteCall, parseRuncCall, type RuncCall } from "../canister/command-line.ts";
import { drawName } from "../control/place.ts";
import { CliError } from "../error.ts";
import { writeLabel } from "../namespace/label.ts";
import type { Plan } from "../namespace/plan.ts";
import type { About } from "../namespace/run-report.ts";
import { tpmPlan } from "../register/options.ts";
import { type Json, line, list, natural, oneOf, optional, record, text, truth } from "../wire/shapes.ts";
import type { Asked } from "./words.ts";

const MOST_PATH = 4096;
const MOST_ID = 0xffff_ffff;
const MOST_WORDS = 100_000;
const MOST_SIGNAL = 64;
/** A day, in seconds. */
const LONGEST_HOLD = 86_400;

/** A command under a contour. */
export interface RunOrder {
  readonly plan: Plan;
  readonly about: About;
  /** For display. */
  readonly command: string;
  readonly name: string | undefined;
}

/** A call of `isoline-runc` that creates a container. */
export interface CanisterOrder {
  /** The path of runc. */
  readonly runc: string;
  readonly call: RuncCall;
  readonly openFiles: number | undefined;
}

/** Reads a call of the runtime, with the paths in it as the agent sees them; throws `agent-refused`, and `usage` for a wrong call. */
export function readCanisterOrder(json: unknown): CanisterOrder {
  const { runc, argv, cwd, openFiles, canisters } = reading(() => {
    const order = record(json as Json, "the order");
    return {
      runc: path(order["runc"], "runc"),
      argv: list(order["argv"], "the arguments", MOST_WORDS).map((each) => text(each, "an argument", 1 << 20)),
      cwd: path(order["cwd"], "the working directory"),
      openFiles: optional(order["openFiles"], (each) => natural(each, "the limit of open files")),
      canisters: optional(order["canisters"], (each) => path(each, "the host's configuration")),
    };
  });
  if (canisters !== process.env["ISOLINE_CANISTERS"])
    throw new CliError(
      "agent-elsewhere",
      "expected the host's configuration that the agent has, got another; set ISOLINE_CANISTERS for both alike, or for neither",
    );
  return { runc, call: absoluteCall(parseRuncCall(argv), cwd), openFiles };
}

/**
 * Reads an order for a namespace that `launcher` starts; throws `agent-refused`. The ledger of a TPM calls the namespace from its birth on
 * as its control socket does later, so one that was given no name gets it here.
 */
export function readRunOrder(json: unknown, launcher: number): RunOrder {
  return reading(() => {
    const { plan: asked, about, command: words, name: given } = record(json as Json, "the order");
    const plan = planIn(asked);
    const command = line(words, "the command");
    const named = optional(given, (each) => line(each, "the name", 40));
    const name = named ?? (plan.tpm === undefined ? undefined : drawName());
    const label = writeLabel({ name, command });
    return { plan: { ...plan, label, launcher }, about: aboutIn(about), command, name };
  });
}

export function readAsked(json: unknown): Asked {
  return reading(() => {
    const frame = record(json as Json, "a frame");
    const say = oneOf(frame["say"], "say", ["filtered", "started", "failed", "ended", "departures", "end"]);
    switch (say) {
      case "filtered":
        return { say, listener: natural(frame["listener"], "the listener", 1 << 20) };
      case "started":
        return {
          say,
          pid: natural(frame["pid"], "the pid", 1 << 22),
          landlock: optional(frame["landlock"], landlockIn),
          mitigated: optional(frame["mitigated"], (each) => record(each, "mitigations") as never),
        };
      case "failed":
        return {
          say,
          message: line(frame["message"], "the message", 2000),
          unstarted: optional(frame["unstarted"], (each) =>
            oneOf(each, "why not", ["no-such-command", "not-executable"]),
          ),
        };
      case "ended":
        return { say, exit: exitIn(frame["exit"]) };
      case "departures":
        return { say, from: natural(frame["from"], "the first departure") };
      case "end":
        return { say };
    }
  });
}

function planIn(json: Json): Plan {
  const plan = record(json, "the plan");
  return {
    mode: oneOf(plan["mode"], "the mode", ["watch", "enforce"]),
    contour: path(plan["contour"], "the contour"),
    signed: optional(plan["signed"], signedIn),
    output: undefined,
    policy: undefined,
    trajectory: undefined,
    sensor: oneOf(plan["sensor"], "the sensor", ["seccomp", "bpf"]),
    places: placesIn(plan["places"]),
    landlock: truth(plan["landlock"], "landlock"),
    openFiles: optional(plan["openFiles"], (each) => natural(each, "the limit of open files")),
    holdSeconds: optional(plan["holdSeconds"], secondsIn),
    tpm: optional(plan["tpm"], (each) => {
      const { address, ledger, pcr } = record(each, "the TPM");
      return tpmPlan({
        address: text(address, "the TPM's address"),
        ledger: path(ledger, "the ledgers"),
        pcr: natural(pcr, "the PCR", 23),
      });
    }),
  };
}

function signedIn(json: Json): Plan["signed"] {
  const keys = list(record(json, "the signature")["keys"], "the keys", 64).map((each) => {
    const { name, pem } = record(each, "a key");
    return { name: line(name, "the name of a key", MOST_PATH), pem: text(pem, "a key") };
  });
  // A demand without keys would be none.
  if (keys.length === 0) throw refused("the keys: expected at least one, got none");
  return { keys, image: { digests: [], named: false } };
}

export function placesIn(json: Json): Places {
  const places = record(json, "the places");
  const [low, high] = list(places["ephemeralPorts"], "the ports", 2).map((each) => natural(each, "a port", 65_535));
  const user = optional(places["user"], (each) => text(each, "the user's name", 256));
  return {
    cwd: text(places["cwd"], "the working directory", 4 * MOST_PATH),
    home: text(places["home"], "the home directory", 4 * MOST_PATH),
    temp: list(places["temp"], "temporary directories", 16).map((each) => text(each, "a directory", 4 * MOST_PATH)),
    uid: natural(places["uid"], "the user", MOST_ID),
    gid: natural(places["gid"], "the group", MOST_ID),
    ...(user === undefined ? {} : { user }),
    controlGroups: list(places["controlGroups"] ?? [], "control groups", 64).map((each) => {
      const { mount, group } = record(each, "a control group");
      return { mount: text(mount, "a mount", 4 * MOST_PATH), group: text(group, "a group", 4 * MOST_PATH) };
    }),
    ephemeralPorts: [low ?? 32768, high ?? 60999],
  };
}

function aboutIn(json: Json): About {
  const { contour, command } = record(json, "what the run is about");
  return {
    contour: text(contour, "the contour", MOST_PATH),
    command: list(command, "the command", MOST_WORDS).map((each) => text(each, "a word of the command", 1 << 20)),
    learns: false,
  };
}

function landlockIn(json: Json): AppliedLandlock {
  const landlock = record(json, "Landlock");
  const lines = (name: string) => list(landlock[name], name, MOST_WORDS).map((each) => text(each, name));
  const reason = optional(landlock["reason"], (each) => text(each, "the reason"));
  return {
    applied: truth(landlock["applied"], "whether Landlock is applied"),
    version: natural(landlock["version"], "the version of Landlock", 1000),
    ...(reason === undefined ? {} : { reason }),
    rules: natural(landlock["rules"], "the rules of Landlock"),
    covered: lines("covered"),
    gaps: lines("gaps"),
    notes: lines("notes"),
    // They are descriptors of the client.
    pins: [],
  };
}

function secondsIn(json: Json): number {
  if (typeof json === "number" && json >= 0 && json <= LONGEST_HOLD) return json;
  throw refused(`the time of a hold: expected at most ${LONGEST_HOLD} seconds, got another value`);
}

function exitIn(json: Json): ChildState {
  const exit = record(json, "the end");
  const state = oneOf(exit["state"], "the end", ["exited", "killed"]);
  if (state === "exited") return { state, status: natural(exit["status"], "the status", 255) };
  return {
    state,
    signal: natural(exit["signal"], "the signal", MOST_SIGNAL),
    coreDumped: truth(exit["coreDumped"], "whether there is a core"),
  };
}

function path(json: Json, what: string): string {
  const found = text(json, what, MOST_PATH);
  if (isAbsolute(found) && !found.includes("\0")) return found;
  throw refused(`${what}: expected an absolute path, got ${JSON.stringify(found.slice(0, 60))}`);
}

function refused(message: string): CliError {
  return new CliError("agent-refused", message);
}

/** The checks are those of a wire; here the agent refuses. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (fault) {
    throw fault instanceof CliError ? new CliError("agent-refused", fault.message, { cause: fault }) : fault;
  }
}
