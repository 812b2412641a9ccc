/** `isoline fleet retire`: nodes that are gone for good leave the fleet. */
import type { Node } from "../../../fleet/model.ts";
import { sleep } from "../../../fleet/patience.ts";
import { retire } from "../../../fleet/people.ts";
import { FleetRefusal, type FleetServer } from "../../../fleet/server.ts";
import { status } from "../../ending.ts";
import { printList } from "../../fleet/format.ts";
import { type FleetOptions, subjectIn, withServer } from "../../fleet/session.ts";
import { nodeView } from "../../fleet/views.ts";
import { shown } from "../../fleet/words.ts";
import { note, printLine } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface FleetRetireOptions extends FleetOptions {
  readonly force?: boolean;
}

export async function fleetRetire(subjects: readonly string[], options: FleetRetireOptions): Promise<number> {
  const names = [...new Set(subjects.map(nodeIn))];
  const { output, force = false } = options;
  const isTable = output === "table" || output === "wide";
  const gone: Node[] = [];
  try {
    await withServer(options, async (server) => {
      for await (const node of retired(server, names, force)) {
        gone.push(node);
        if (isTable) printLine(`${shown(node.name)}: retired`);
      }
    });
  } finally {
    // What is gone is said, also where a failure ended it in the middle.
    if (!isTable) await printList(output, gone, nodeView);
  }
  return gone.length === names.length ? status.success : status.failure;
}

/** Statuses that are about one node alone: there is none, or it is not to be retired so. */
const OF_ONE: readonly number[] = [404, 409];

/** The nodes that are gone, as they were. A refusal of one keeps no other from it. */
async function* retired(server: FleetServer, names: readonly string[], isForced: boolean): AsyncGenerator<Node> {
  for (const name of names)
    try {
      yield await inTime(() => retire(server, name, isForced));
    } catch (fault) {
      if (!(fault instanceof FleetRefusal && OF_ONE.includes(fault.status))) throw fault;
      note(harmless(fault.message));
    }
}

/** So often a verifier may say that it was asked too much, before the command ends with that. */
const MOST_WAITS = 20;

/** Asks again when the verifier says: who retires a thousand nodes asks more often than a person may. */
async function inTime<T>(ask: () => Promise<T>): Promise<T> {
  for (let waits = 0; ; waits++)
    try {
      return await ask();
    } catch (fault) {
      if (!(fault instanceof FleetRefusal && fault.status === 429) || waits === MOST_WAITS) throw fault;
      await sleep(1000 * (fault.retryAfter ?? 1));
    }
}

function nodeIn(text: string): string {
  const { node, label } = subjectIn(text);
  if (label !== undefined) throw usage(`expected the name of a node, got ${JSON.stringify(text.slice(0, 80))}`);
  return node;
}
