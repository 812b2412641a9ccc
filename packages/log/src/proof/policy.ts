/** Which logs are believed, and which witnesses have to have seen a checkpoint (c2sp.org/tlog-policy). */
import { LogError } from "../error.ts";
import { parseVerifierKey, type VerifierKey } from "../note/index.ts";

/** How many of its members must have signed. */
interface Group {
  readonly members: readonly string[];
  readonly threshold: number;
}

export interface LogPolicy {
  /** By origin. */
  readonly logs: ReadonlyMap<string, VerifierKey>;
  /** By the name that the policy gives them. */
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  /** Where they are asked, by the same name, as the policy has it: checked where a witness is asked, since `log verify` asks none. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Whether these witnesses are enough. */
  readonly isEnough: (signed: ReadonlySet<VerifierKey>) => boolean;
}

const MOST_LINES = 10_000;
const NONE = "none";

/** Reads a policy. Errors name the line. */
export function parsePolicy(text: string): LogPolicy {
  const lines = text.split("\n");
  if (lines.length > MOST_LINES) throw wrong(0, `it has more than ${MOST_LINES} lines`);
  const controlled = lines.findIndex((line) => /[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/u.test(line));
  if (controlled >= 0) throw wrong(controlled + 1, "expected no control characters but tabs, got another byte");
  const reading = new Reading();
  for (const [at, line] of lines.entries())
    reading.take(
      line.split(/[ \t]+/).filter((word) => word !== ""),
      at + 1,
    );
  return reading.policy();
}

class Reading {
  readonly #logs = new Map<string, VerifierKey>();
  readonly #witnesses = new Map<string, VerifierKey>();
  readonly #addresses = new Map<string, string>();
  readonly #groups = new Map<string, Group>();
  /** Names that stand in a group already. */
  readonly #members = new Set<string>();
  #quorum: string | undefined;

  take(words: readonly string[], line: number): void {
    const [word = "", ...rest] = words;
    if (word === "" || word.startsWith("#")) return;
    if (word === "log") return this.#log(rest, line);
    if (word === "witness") return this.#witness(rest, line);
    if (word === "group") return this.#group(rest, line);
    if (word === "quorum") return this.#takeQuorum(rest, line);
    throw wrong(line, `expected log, witness, group or quorum, got ${JSON.stringify(word.slice(0, 40))}`);
  }

  policy(): LogPolicy {
    const quorum = this.#quorum;
    if (quorum === undefined) throw wrong(0, "it has no quorum line; `quorum none` asks for no witness");
    return {
      ...{ logs: this.#logs, witnesses: this.#witnesses, addresses: this.#addresses },
      isEnough: (signed) => quorum === NONE || this.#has(quorum, signed),
    };
  }

  #log([key = "", , ...more]: readonly string[], line: number): void {
    if (more.length > 0) throw wrong(line, "expected `log KEY [URL]`");
    const log = keyAt(key, "log", line);
    this.#assertNew(log, line);
    if (this.#logs.has(log.name))
      throw wrong(
        line,
        `expected a new log, got a second key of ${JSON.stringify(log.name.slice(0, 40))}; keep one of the lines`,
      );
    this.#logs.set(log.name, log);
  }

  #witness([name = "", key = "", address, ...more]: readonly string[], line: number): void {
    if (more.length > 0) throw wrong(line, "expected `witness NAME KEY [URL]`");
    this.#assertFree(name, line);
    const witness = keyAt(key, "witness", line);
    this.#assertNew(witness, line);
    this.#witnesses.set(name, witness);
    if (address !== undefined) this.#addresses.set(name, address);
  }

  #group([name = "", threshold = "", ...members]: readonly string[], line: number): void {
    this.#assertFree(name, line);
    for (const member of members) this.#assertKnown(member, line);
    // A member of two groups would count twice towards a quorum of both.
    for (const member of members) {
      if (this.#members.has(member))
        throw wrong(line, `${JSON.stringify(member.slice(0, 40))} is named twice in groups`);
      this.#members.add(member);
    }
    const least = threshold === "any" ? 1 : threshold === "all" ? members.length : Number(threshold);
    if (!/^(?:any|all|[1-9]\d*)$/.test(threshold) || least < 1 || least > members.length)
      throw wrong(line, `expected any, all or a number up to ${members.length}, got ${JSON.stringify(threshold)}`);
    this.#groups.set(name, { members, threshold: least });
  }

  #takeQuorum([name = "", ...more]: readonly string[], line: number): void {
    if (this.#quorum !== undefined) throw wrong(line, "there is a second quorum");
    if (more.length > 0) throw wrong(line, "expected `quorum NAME`");
    if (name !== NONE) this.#assertKnown(name, line);
    this.#quorum = name;
  }

  #assertFree(name: string, line: number): void {
    if (name === "" || name === NONE || this.#witnesses.has(name) || this.#groups.has(name))
      throw wrong(line, `expected a new name, got ${JSON.stringify(name.slice(0, 40))}`);
  }

  #assertKnown(name: string, line: number): void {
    if (!this.#witnesses.has(name) && !this.#groups.has(name))
      throw wrong(line, `expected a witness or a group of a line above, got ${JSON.stringify(name.slice(0, 40))}`);
  }

  #assertNew(key: VerifierKey, line: number): void {
    const known = key.signer === "log" ? this.#logs : this.#witnesses;
    if ([...known.values()].some(({ publicKey }) => Buffer.compare(publicKey, key.publicKey) === 0))
      throw wrong(line, "the key stands in an earlier line");
  }

  #has(name: string, signed: ReadonlySet<VerifierKey>): boolean {
    const witness = this.#witnesses.get(name);
    if (witness !== undefined) return signed.has(witness);
    const { members, threshold } = this.#groups.get(name) as Group;
    return members.filter((member) => this.#has(member, signed)).length >= threshold;
  }
}

function keyAt(text: string, signer: "log" | "witness", line: number): VerifierKey {
  try {
    return parseVerifierKey(text, signer);
  } catch (fault) {
    throw wrong(line, (fault as Error).message);
  }
}

function wrong(line: number, why: string): LogError {
  return new LogError("bad-policy", `${line === 0 ? "the policy" : `line ${line} of the policy`}: ${why}`);
}
