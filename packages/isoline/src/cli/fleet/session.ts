/** One command's conversation with a verifier, and the options that all of them have. */
import { changesOf, type Following } from "../../fleet/changes.ts";
import { endpointFor } from "../../fleet/configuration.ts";
import { type Change, nodeName } from "../../fleet/model.ts";
import { FleetServer } from "../../fleet/server.ts";
import { CliError } from "../../error.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";
import type { Format } from "./format.ts";

export interface FleetOptions {
  readonly server?: string;
  readonly output: Format;
}

/** Does work with the server that was named, and closes the connection. */
export async function withServer<T>(
  { server: named }: Pick<FleetOptions, "server">,
  work: (server: FleetServer) => Promise<T>,
): Promise<T> {
  const server = new FleetServer(await endpointFor(named));
  try {
    return await work(server);
  } finally {
    server.close();
  }
}

/** Changes until this program is ended, or until the signal; what is lost of the connection is said. */
export function followed(server: FleetServer, { signal, onOpen, onLost }: Following = {}): AsyncGenerator<Change> {
  return changesOf(server, {
    signal,
    onOpen: () => onOpen?.(),
    onLost: (why) => {
      note(`not following: ${harmless(why)}; trying again`);
      onLost?.(why);
    },
    onAgain: (isKnown) => note(isKnown ? AGAIN : `${AGAIN}; what changed in between may be missing: list it anew`),
    onReset: () => note("the verifier was set back, as after a restore: what was shown may not be so; list it anew"),
  });
}

const AGAIN = "following again";

/** What a command is about: `NODE`, or `NODE/LABEL`; also as `node/NODE` and `canister/NODE/LABEL`, as `-o name` prints them. */
export function subjectIn(text: string): { readonly node: string; readonly label: string | undefined } {
  const [, kind, rest = ""] = /^(?:(node|canister)\/)?([^]*)$/.exec(text) ?? [];
  const slash = rest.indexOf("/");
  const [name, label] = slash < 0 ? [rest, undefined] : [rest.slice(0, slash), rest.slice(slash + 1)];
  if ((kind === "node" && label !== undefined) || (kind === "canister" && label === undefined) || label === "")
    throw usage(`expected NODE or NODE/LABEL, got ${JSON.stringify(text.slice(0, 80))}`);
  return { node: named(name), label };
}

/** Refuses a form that this use of a command does not have: it would be passed over. */
export function assertForm(output: Format, has: readonly Format[]): void {
  if (!has.includes(output))
    throw usage(`expected -o ${has.join(", ")} here, got ${output}; name one of these, or none`);
}

/** The forms of lists that are followed: YAML has no lines. */
export const followable: readonly Format[] = ["table", "wide", "json", "name"];

/** A node, also as `node/NODE`. */
export function nodeIn(text: string): string {
  const { node, label } = subjectIn(text);
  if (label !== undefined) throw usage(`expected the name of a node, got ${JSON.stringify(text.slice(0, 80))}`);
  return node;
}

export function named(name: string): string {
  try {
    return nodeName(name, "it");
  } catch (fault) {
    if (!(fault instanceof CliError)) throw fault;
    throw usage(`expected the name of a node, got ${JSON.stringify(name.slice(0, 80))}`);
  }
}
