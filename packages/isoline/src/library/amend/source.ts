/**
 * Where departures are taken from: a report, if there is a file of that name; else a live namespace; else its journal.
 *
 * A workload that may make files here can give one the name of a namespace, with departures in it that never were. So a word that
 * could mean both is refused.
 */
import { statSync } from "node:fs";
import { findNamespace, liveNamespaces } from "../../control/directory.ts";
import { CliError } from "../../error.ts";
import type { Departed } from "./departed.ts";
import { hasJournal, readJournalOf } from "./journal-file.ts";
import { readReport } from "./report-file.ts";
import { departedLive } from "./departed-live.ts";

/** `earlier`: not of the present or last namespace of that name, but of the one before it. */
export async function departedFrom(source: string, earlier = false): Promise<Departed> {
  if (isFile(source)) {
    await assertNoNamespace(source);
    return readReport(source);
  }
  const journal = () => readJournalOf(source, earlier);
  if (earlier) return journal() ?? none(source);
  try {
    return await departedLive(await findNamespace(source));
  } catch (fault) {
    if (!(await isGone(source, fault))) throw fault;
    const found = journal();
    if (found === undefined) throw fault;
    return found;
  }
}

/** Whether there is no namespace of that name, or none any more: its supervisor may have been killed while it was asked. */
async function isGone(source: string, fault: unknown): Promise<boolean> {
  if (!(fault instanceof CliError)) return false;
  return fault.code === "no-such-namespace" || (fault.code === "namespace-lost" && !(await isLive(source)));
}

/** Whether the source is a namespace that is live now. */
export async function isLive(source: string): Promise<boolean> {
  if (isFile(source)) return false;
  try {
    await findNamespace(source);
    return true;
  } catch (fault) {
    if (fault instanceof CliError && fault.code === "no-such-namespace") return false;
    throw fault;
  }
}

async function assertNoNamespace(source: string): Promise<void> {
  if (source.includes("/") || !(await isNamespace(source))) return;
  throw new CliError(
    "usage",
    `${JSON.stringify(source)} is a namespace, and a file here as well: write ./${source} for the file; for the namespace, go to another directory`,
  );
}

async function isNamespace(name: string): Promise<boolean> {
  const live = await liveNamespaces();
  return live.some((client) => client.name === name) || hasJournal(name);
}

function isFile(source: string): boolean {
  return source.includes("/") || (statSync(source, { throwIfNoEntry: false })?.isFile() ?? false);
}

function none(source: string): never {
  throw new CliError(
    "no-such-namespace",
    `there is no earlier journal of a namespace called ${JSON.stringify(source.slice(0, 60))}`,
  );
}
