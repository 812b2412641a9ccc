/**
 * What the sensor could not find out about an event. Such an event must not become a point: the point would permit whatever else
 * looks like it, with another content, at another path, or by another program.
 */
import { isDigest } from "../../digest.ts";
import { type Event, subjectRecord } from "../../event/event.ts";
import { fieldsOf } from "../../event/operations.ts";
import type { Task } from "../../identity/task.ts";
import type { ContentRemark } from "../forensics.ts";

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** These say where something is; any other text that begins with a question mark says why that is not known. */
const KNOWN = /^\?(?:deleted|outside):/;
/** Operations after which content is code. */
const RUNS_CONTENT: ReadonlySet<string> = new Set(["exec", "map", "module"]);
const UNCERTAIN: ReadonlySet<ContentRemark["what"]> = new Set(["changed", "gone", "written", "withheld"]);

/** Why an event cannot become a point; undefined if all of it is known. `chain` is the actor's, outermost first. */
export function leftOpen(
  event: Event,
  chain: readonly Task[],
  remarks: readonly Pick<ContentRemark, "what">[] = [],
): string | undefined {
  if (remarks.some(({ what }) => UNCERTAIN.has(what))) return "the content of a file could not be read as it was used";
  if (isAboutSupervisor(event)) return "isoline keeps its own process and files from every workload";
  if (chain.some((task) => task.images.some(({ path, digest }) => digest === undefined || isUnknown(path))))
    return "which program acted is not known";
  if (lacksContent(event)) return "the content of what it runs is not known";
  for (const [name, { kind }] of fieldsOf(event.op)) {
    const value = subjectRecord(event)[name];
    const texts = kind === "list" ? (value as readonly string[] | undefined) : [value];
    if (kind !== "path" && name !== "loader" && name !== "access") continue;
    if (texts?.some((text) => typeof text === "string" && isUnknown(text))) return `its ${name} could not be resolved`;
  }
  return undefined;
}

function isUnknown(text: string): boolean {
  return (text.startsWith("?") && !KNOWN.test(text)) || text.endsWith("@?") || text.endsWith("@-");
}

function lacksContent({ op, subject }: Event): boolean {
  if (!RUNS_CONTENT.has(op)) return false;
  const { mode, digest, loader = [] } = subject as { mode?: number; digest?: string; loader?: readonly string[] };
  if (loader.some((entry) => !isDigest(entry.slice(entry.lastIndexOf("@") + 1)))) return true;
  return digest === undefined && (mode === undefined || (mode & S_IFMT) === S_IFREG);
}

function isAboutSupervisor(event: Event): boolean {
  const { relation, path } = subjectRecord(event);
  return relation === "supervisor" || (typeof path === "string" && path.includes("$supervisor"));
}
