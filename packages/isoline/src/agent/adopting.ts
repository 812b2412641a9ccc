/** Namespaces of the bpf sensor whose supervisor has ended: the agent goes on with them, and their evidence says what is missing. */
import { journalOf, orphanedNamespaces, unreadableLoads } from "@isoline/linux";
import { goOnWithCanister } from "../canister/taken-over.ts";
import { ControlServer } from "../control/server.ts";
import { CliError } from "../error.ts";
import { startRun } from "../library/start.ts";
import { thisProcess } from "../library/host.ts";
import { planToTakeOver, readBeginning } from "../namespace/beginning.ts";
import { BEGUN_LABEL, readLabel, writeLabel } from "../namespace/label.ts";
import type { Hosting } from "./hosted.ts";
import type { Log } from "./log.ts";

const OTHER_BUILD =
  "another build of isoline loaded these programs, and this one cannot read which namespaces are in them: those without a supervisor are taken over by that build alone (isoline attach)";

/** Takes over what can be; the log says of each whether it was, and of which programs this build cannot tell. */
export function adoptOrphans(hosting: Hosting, log: Log): void {
  for (const orphan of orphansHere(log)) {
    const { name, command } = readLabel(orphan.label);
    const called = name ?? `orphan-${orphan.id}`;
    void adopt(orphan, called, command, { hosting, log }).catch((fault: unknown) =>
      log.say("lost", { namespace: called, why: whyLost(fault as Error, called) }),
    );
  }
}

/** None where they cannot be told: the agent starts all the same, and the log says why. */
function orphansHere(log: Log): ReturnType<typeof orphanedNamespaces> {
  try {
    for (const directory of unreadableLoads()) log.say("lost", { programs: directory, why: OTHER_BUILD });
    return orphanedNamespaces();
  } catch (fault) {
    log.say("lost", { why: (fault as Error).message });
    return [];
  }
}

async function adopt(
  orphan: ReturnType<typeof orphanedNamespaces>[number],
  name: string,
  command: string,
  { hosting, log }: { readonly hosting: Hosting; readonly log: Log },
): Promise<void> {
  if (orphan.label === BEGUN_LABEL)
    throw new CliError(
      "namespace-lost",
      "a process began it for itself at an agent that has ended: the kernel goes on refusing what its contour refused, and nothing tells of it",
    );
  const plan = planToTakeOver(orphan, readBeginning(journalOf(orphan)), { label: writeLabel({ name, command }) });
  const { contour } = plan;
  const { canister } = plan.places;
  const about = { contour, command: [command], learns: false };
  const departures = hosting.departures();
  const host = { ...thisProcess({}), standsIn: false, departures };
  const { run, namespace } = await startRun(host, { plan, command: [], about });
  log.say("adopted", { namespace: name, contour });
  const hosted = { name, contour, mode: plan.mode, sensor: plan.sensor, namespace };
  const leave = hosting.enter(hosted);
  const server = ControlServer.open({
    ...{ name, command, contour, pid: namespace.first.pid, joins: canister !== undefined, ask: namespace.ask },
    follow: (follower) => namespace.follow(follower),
  }).catch((fault: unknown) => {
    log.say("warning", { namespace: name, why: `no control socket: ${(fault as Error).message}` });
    return undefined;
  });
  // An id has no character that is escaped in a place.
  const goesOn = server.then(
    (opened) =>
      opened &&
      canister &&
      goOnWithCanister({ id: canister.id, contour, socket: () => opened.path }, (why) =>
        log.say("warning", { namespace: name, why }),
      ),
  );
  try {
    const result = await run.ended;
    hosting.ended(hosted, result);
    await (await goesOn)?.ended(result.report);
  } catch (fault) {
    (await goesOn)?.lost();
    throw fault;
  } finally {
    departures.release();
    leave();
    await (await server)?.close();
  }
}

/** A contour can be put in order while the kernel goes on refusing; this agent does not look again. */
function whyLost({ message, code }: Error & { readonly code?: string }, name: string): string {
  return code === "unsigned" || code === "cannot-read" ? `${message}; then: isoline attach ${name}` : message;
}
