/** `isoline fleet retire`: nodes that are gone for good leave the fleet. */
import { inTime } from "../../../fleet/in-time.ts";
import type { Node } from "../../../fleet/model.ts";
import { retire } from "../../../fleet/people.ts";
import { FleetRefusal, type FleetServer } from "../../../fleet/server.ts";
import { status } from "../../ending.ts";
import { printList } from "../../fleet/format.ts";
import { type FleetOptions, nodeIn, withServer } from "../../fleet/session.ts";
import { nodeView } from "../../fleet/views.ts";
import { shown } from "../../fleet/words.ts";
import { note, printLine } from "../../output/streams.ts";
import { grouped, harmless } from "../../output/wording.ts";

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

/** Refusals that are about one node alone: there is none, it is not to be retired so, or it keeps changing its verifier. */
const isOfOne = ({ status: refused, reason }: FleetRefusal): boolean =>
  refused === 404 || refused === 409 || reason === "owned-elsewhere";

/** Who retires a thousand nodes asks more often than a person may; a node may be about to change its verifier. */
const passes = (fault: unknown): boolean => fault instanceof FleetRefusal && [429, 503].includes(fault.status);

/** So often a verifier may say that for one node, before it is given up. */
const MOST_WAITS = 20;

/** The nodes that are gone, as they were. A refusal of one keeps no other from it. */
async function* retired(server: FleetServer, names: readonly string[], isForced: boolean): AsyncGenerator<Node> {
  const onWait = (seconds: number, why: string) => note(`waiting for ${grouped(seconds)} s: ${harmless(why)}`);
  for (const name of names)
    try {
      yield await inTime(() => retire(server, name, isForced), { passes, most: MOST_WAITS, onWait });
    } catch (fault) {
      if (!(fault instanceof FleetRefusal && isOfOne(fault))) throw fault;
      note(harmless(fault.message));
    }
}
