/** The words of an act that the difference between two contours compares. */
import { type Digest, isDigest } from "../digest.ts";
import { EMPTY_CONTENT } from "../profile/tsem-facts.ts";

/** A content digest in an act, and the path it belongs to. */
export interface Content {
  readonly path: string;
  readonly digest: Digest;
}

/** The words that say which content something has: one digest, or files each with its digest. */
const CONTENT = /(?<= )(?:digest=[0-9a-f]{64}|(?:loader|runs)=\S*)(?= |$)/g;
const DIGEST = /(?<=[=@])[0-9a-f]{64}(?=,|$)/g;
/** The words that name another program: the one that an act is aimed at, or that made its object. */
const TASK = /(?<= (?:target|owner)=)[0-9a-f]{64}(?= |$)/g;

/** The act without the digests of contents: equal for the same act on other content. */
export function withoutContents(act: string): string {
  return act.replace(CONTENT, (word) => word.replace(DIGEST, ""));
}

/** The act with the place of every other program that it names, where that is known: equal for an act on a counterpart. */
export function withPlaces(act: string, placeOf: (task: Digest) => number | undefined): string {
  return act.replace(TASK, (task) => {
    const place = placeOf(task as Digest);
    return place === undefined ? task : `#${place}`;
  });
}

/** The act without its path, where a content digest identifies the file: equal for the same act on the same content at another path. */
export function withoutPath(act: string): string | undefined {
  const words = act.split(" ");
  const digest = words.find((word) => word.startsWith("digest="))?.slice("digest=".length);
  if (digest === undefined || digest === EMPTY_CONTENT || pathOf(act) === undefined) return undefined;
  return words.filter((word) => !word.startsWith("path=")).join(" ");
}

/** The path an act is about. */
export function pathOf(act: string): string | undefined {
  return act
    .split(" ")
    .find((word) => word.startsWith("path="))
    ?.slice("path=".length);
}

/** The contents that an act names: of its subject, of files that the kernel loads to run it, of scripts and texts in its arguments. */
export function contentsOf(act: string): Content[] {
  const contents: Content[] = [];
  const path = pathOf(act) ?? "";
  for (const word of act.split(" ")) {
    const value = word.slice(word.indexOf("=") + 1);
    if (word.startsWith("digest=") && isDigest(value)) contents.push({ path, digest: value });
    if (word.startsWith("loader=")) contents.push(...value.split(",").flatMap(loaded));
    if (word.startsWith("runs=")) contents.push(...value.split(",").flatMap((entry) => given(entry, path)));
  }
  return contents;
}

/** A file, or a text among the arguments of the program. */
function given(entry: string, program: string): Content[] {
  return loaded(entry).map(({ path, digest }) => ({ path: path === "text" ? `a text for ${program}` : path, digest }));
}

function loaded(entry: string): Content[] {
  const digest = entry.slice(-64);
  return isDigest(digest) && entry.at(-65) === "@" ? [{ path: entry.slice(0, -65), digest }] : [];
}
