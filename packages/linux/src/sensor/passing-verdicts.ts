/** Events whose verdict must not be stored under the bytes of the act: the same bytes may mean something else the next time. */
import { type Event, subjectRecord } from "@isoline/core/event";

/** Whether the bytes of an act may come to mean another event than this one. */
export function mayPass(event: Event): boolean {
  return dependsOnCreations(event) || dependsOnProcesses(event) || dependsOnPorts(event);
}

/**
 * A name that was levelled by its creator may mean another file or socket once it is created again: no verdict is stored under its
 * bytes.
 */
function dependsOnCreations(event: Event): boolean {
  const { path, to, content, source, options, loader, runs, address } = subjectRecord(event);
  return [path, to, content, source, options, loader, runs, address]
    .flat()
    .some((text) => typeof text === "string" && /\{|\$hash/.test(text));
}

/** A number in /proc may belong to another process the next time, and the relation of a process to the actor may change. */
function dependsOnProcesses(event: Event): boolean {
  const { path, runs } = subjectRecord(event);
  return [path, runs].flat().some((text) => typeof text === "string" && /(?:^|\/)\/proc\/\$(?:task|other)/.test(text));
}

/** The owner of a port may change between two acts with the same bytes. */
function dependsOnPorts(event: Event): boolean {
  const { address } = subjectRecord(event);
  return typeof address === "string" && /:\$(?:own|ephemeral|foreign)$|\$autobind$/.test(address);
}
