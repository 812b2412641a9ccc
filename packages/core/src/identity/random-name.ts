/**
 * Distinguishes names that a program drew at random, or derived from a clock or a process id, from names with a meaning.
 *
 * It is applied only to names that are created inside the namespace; a name that existed before stays as it is. A miss makes a
 * contour unstable. A false positive makes it less sharp, because the name is replaced by creator and order. So the stronger
 * the sign that a name is temporary, the less random it has to look:
 *
 *   sign                                                          what is then enough
 *   new and private (0600, 0700) in a directory for temporaries,
 *   or in one that is called tmp                                  six characters: that is mkstemp and mkdtemp
 *   new and private elsewhere, with a template programs use       any six letters or digits
 *   "tmp" in the name or the directory above                      three changes of character class, or five digits
 *   none                                                          a UUID, a time, nine digits, hexadecimal, four changes
 *
 * Names are escaped text; an escape separates like any other special character. Every test is linear in the name.
 */
import { isFromTemplate } from "./name-templates.ts";

/** How a name was created. */
export interface Naming {
  /** Last component of the executable that created it. */
  readonly program: string;
  /** The name was certainly new: O_EXCL, or an operation that never replaces a file. */
  readonly exclusive: boolean;
  /** The permission bits requested, if they are known. */
  readonly permissions: number | undefined;
  /** It lies in a directory for temporary files. */
  readonly temporary: boolean;
  /** Name of the directory above. */
  readonly parent: string;
  /** It contains the id of a process of the namespace. */
  readonly holdsPid: boolean;
}

/** Permissions that mkstemp, mkdtemp and their relatives ask for (0444: git's object files). */
const SECRETIVE: ReadonlySet<number | undefined> = new Set([0o600, 0o700, 0o400, 0o444]);

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
/**
 * A date with a time of day, in the spellings of ISO 8601 and of log files. A date alone does not count: releases and posts
 * have one.
 */
const TIME = /(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[T_.-]|\\x20)?[0-2]\d[-_.:h]?[0-5]\d/;
/** Seconds and milliseconds since 1970, addresses printed in decimal. */
const LONG_NUMBER = /\d{9}/;
/** The suffix that write-file-atomic and Python's importlib append to a name: a decimal hash or address. */
const NUMBER_APPENDED = /\.[A-Za-z][A-Za-z0-9]*\.\d{6,}$/;

const SEPARATORS = /\\x[0-9a-f]{2}|[^0-9A-Za-z]+/;
/** A number, an acronym, or a word with or without a capital; `4x4` and `64v8` are one number. */
const CHANGES = /\d+(?:[xv]\d+)*|[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;

/** Names of algorithms, whose character class changes as often as in random names. */
const KNOWN = /(?:ed|x|curve)25519|utf8mb\d|gf2p8|lib2to3|c14n|log4j|sm[34]/gi;

/** `_cacache/tmp`, `.tmp`, `Temp`: a program's own directory for temporaries. */
const OWN_TEMPORARY = /^[._]*te?mp$/i;

/** The result of a mkstemp template: at least six drawn characters. */
const LONG_ENOUGH = /[A-Za-z0-9_]{6}/;

/** Tells whether a name that was just created is random or volatile. */
export function isRandomName(name: string, naming: Naming): boolean {
  if (isPrivateTemporary(naming) && LONG_ENOUGH.test(name)) return true;
  // Lower-case letters alone never change class, so only a template could have drawn them. Most names end here.
  if (!naming.exclusive && !naming.holdsPid && !/[0-9A-Z]/.test(name) && !name.includes(".tmp")) return false;
  if (UUID.test(name) || TIME.test(name) || LONG_NUMBER.test(name) || NUMBER_APPENDED.test(name)) return true;
  if (naming.holdsPid) return true;
  const parts = name.replace(KNOWN, "-").split(SEPARATORS);
  if (parts.some(looksDrawn)) return true;
  const secretive = naming.exclusive && SECRETIVE.has(naming.permissions);
  if (isFromTemplate(name, naming.program, secretive ? "private" : naming.exclusive ? "new" : "nothing")) return true;
  if (naming.exclusive && endsDrawn(name, naming.program, secretive)) return true;
  return isNamedTemporary(name, naming) && parts.some(looksLoose);
}

/** The mark of mkstemp and mkdtemp, in a directory for temporaries or one that a program calls so. */
function isPrivateTemporary({ temporary, parent, exclusive, permissions }: Naming): boolean {
  return exclusive && (permissions === 0o600 || permissions === 0o700) && (temporary || OWN_TEMPORARY.test(parent));
}

/**
 * Hexadecimal of at least eight characters with both letters and digits, or letters and digits that change class often, at
 * least four times.
 */
export function looksDrawn(part: string): boolean {
  if (part.length < 6) return false;
  if (part.length >= 8 && /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(part) && /[A-Fa-f]/.test(part) && /\d/.test(part))
    return true;
  if (part.length > 64) return false;
  const changes = countChanges(part);
  return changes >= 4 && part.length <= 2.2 * changes;
}

/** Enough if the name or its directory already says that it is temporary. */
function looksLoose(part: string): boolean {
  if (part.length < 5) return false;
  if (/\d{5}/.test(part)) return true;
  const changes = countChanges(part);
  return part.length >= 6 && changes >= 3 && part.length < 3 * changes;
}

function countChanges(part: string): number {
  return part.match(CHANGES)?.length ?? 0;
}

function isNamedTemporary(name: string, naming: Naming): boolean {
  return (
    naming.temporary ||
    (naming.exclusive && SECRETIVE.has(naming.permissions)) ||
    /^(?:[._]*te?mp|shm)$/i.test(naming.parent) ||
    /(?:^|[^a-z])te?mp(?!lat|er|o|t)/i.test(name)
  );
}

/** Six-letter endings that are words, although mkstemp could draw them. */
const WORDS = new Set("backup sample config secret socket sqlite passwd shadow master active public folder".split(" "));

/** A name that is certainly new and ends as a template with at least six X would leave it. */
function endsDrawn(name: string, program: string, secretive: boolean): boolean {
  if (WORDS.has(name.slice(-6))) return false;
  if (/[-_.](?=[A-Za-z0-9]{6}$)/.test(name) && countChanges(name.slice(-6)) >= 3) return true;
  if (!secretive) return false;
  const last = /\.([A-Za-z0-9]{6,12})$/.exec(name)?.[1];
  if (last !== undefined) return last.length === 6 || countChanges(last) >= 2;
  const rest = name.startsWith(program) ? name.slice(program.length) : "";
  return /^[-_.]?[A-Za-z0-9]{6,10}$/.test(rest);
}

/** Longer extensions that are words. A short extension cannot be the end of a mkstemp template, which has at least six X. */
const EXTENSIONS = new Set(["socket", "sqlite", "sqlite3", "journal", "service", "parquet", "pickle", "ndjson"]);

/** The part of a random name that stays visible: its extension with the dot, or "". */
export function safeExtension(name: string): string {
  const extension = /^.+\.([a-z][a-z0-9]*)$/.exec(name)?.[1];
  if (extension === undefined) return "";
  return EXTENSIONS.has(extension) || (extension.length <= 5 && /^[a-z]+\d?$/.test(extension)) ? `.${extension}` : "";
}
