/**
 * What a launch host does for those who speak to its port. They are strangers: a request that is not understood is refused in one
 * line, and nothing is done for it.
 *
 *   hello WORD         the same words back: firmware may have taken what was sent before the agent listened
 *   push NAME BYTES    a canister, as an archive (layout.ts); answered when it was started
 *   state NAME         running, or ended STATUS
 *   stop NAME          ends a canister at once
 *   said NAME          the first 64 KiB of what the canister wrote to its output
 *   evidence HEX       evidence about the machine and its canisters, for this challenge
 *   enrol              what a verifier needs to enrol this machine (docs/attestation.md#enrolment)
 *   answer BYTES       the answer to the verifier's challenge, which follows
 *   end                ends the machine
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IsolineError } from "@isoline/core/error";
import { accept, type Acceptance, type Places } from "./accept.ts";
import type { Init } from "./init.ts";
import { Gone, type Port } from "./port.ts";
import { refused, shown } from "./refusal.ts";

export interface HostPlaces extends Places {
  /** What canisters said, each in a file. */
  readonly said: string;
  /** Evidence, by challenge. */
  readonly evidence: string;
}

const MOST_PUSHED = 256 * 1024 * 1024;
const MOST_SAID = 64 * 1024;
/** A document of isoline attest enrol --challenge has some two thousand. */
const MOST_CHALLENGE = 16 * 1024;
/** 32 bytes, as `isoline attest challenge` makes them. */
const CHALLENGE = /^[0-9a-f]{64}$/;

export class Requests {
  readonly #port: Port;
  readonly #init: Init;
  readonly #acceptance: Acceptance;
  readonly #places: HostPlaces;
  /** By name: undefined while a canister runs. */
  readonly #ends = new Map<string, number | undefined>();

  constructor(port: Port, init: Init, acceptance: Acceptance, places: HostPlaces) {
    this.#port = port;
    this.#init = init;
    this.#acceptance = acceptance;
    this.#places = places;
  }

  /** Answers requests, one after the other, until one of them ends the machine. */
  async serve(): Promise<void> {
    for (;;) {
      const words = await this.#port.request();
      try {
        const answer = await this.#carryOut(words);
        await this.#port.answer("ok", answer ?? Buffer.alloc(0));
        if (answer === undefined) return;
      } catch (fault) {
        if (fault instanceof Gone) continue;
        if (!(fault instanceof IsolineError)) throw fault;
        await this.#port.answer("refused", Buffer.from(`${fault.message}\n`));
      }
    }
  }

  /** The bytes of the answer; undefined to the request that ends the machine. */
  async #carryOut([command, word = "", ...more]: readonly string[]): Promise<Buffer | undefined> {
    if (command === "push" && more.length === 1) return this.#push(word, Number(more[0]));
    if (command === "end" && word === "") return undefined;
    if (command === "enrol" && word === "") return this.#written("request", this.#init.enrol("request"));
    if (command === "answer" && more.length === 0) return this.#answerVerifier(Number(word));
    if (more.length > 0) throw refused("a request of at most three words", `${more.length + 2}`);
    switch (command) {
      case "hello":
        return Buffer.from(`hello ${word}\n`);
      case "state":
        return Buffer.from(this.#state(word));
      case "stop":
        return this.#stop(word);
      case "said":
        return this.#said(word);
      case "evidence":
        return this.#evidence(word);
      default:
        throw refused(
          "hello, push, state, stop, said, evidence, enrol, answer or end",
          shown(command ?? ""),
          "see docs/launch-host.md",
        );
    }
  }

  async #push(name: string, count: number): Promise<Buffer> {
    if (!Number.isSafeInteger(count) || count < 0 || count > MOST_PUSHED)
      throw refused(`a push of at most ${MOST_PUSHED} bytes`, shown(String(count)));
    const archive = await this.#port.bytes(count);
    onDisk("a push that can be kept", () => accept(name, archive, this.#acceptance, this.#places));
    this.#ends.set(name, undefined);
    void this.#init.run(name).then((status) => this.#ends.set(name, status));
    return Buffer.alloc(0);
  }

  #state(name: string): string {
    this.#assertKnown(name);
    const status = this.#ends.get(name);
    return status === undefined ? "running\n" : `ended ${status}\n`;
  }

  async #stop(name: string): Promise<Buffer> {
    this.#assertKnown(name);
    const status = await this.#init.stop(name);
    if (status !== 0) throw refused("a canister that runs", `status ${status} of the runtime`, "ask for its state");
    return Buffer.alloc(0);
  }

  #said(name: string): Buffer {
    this.#assertKnown(name);
    // Init makes the file when it starts the canister, which may be later, or fail.
    return onDisk("the name of a canister that was started", () => beginningOf(join(this.#places.said, name)));
  }

  async #evidence(challenge: string): Promise<Buffer> {
    if (!CHALLENGE.test(challenge)) throw refused("a challenge of 64 hexadecimal digits", shown(challenge));
    return this.#written(challenge, this.#init.evidence(challenge));
  }

  /** What the stranger sent is read by the collector, which is outside of this namespace: it is a document of bounded size. */
  async #answerVerifier(count: number): Promise<Buffer> {
    if (!Number.isSafeInteger(count) || count < 1 || count > MOST_CHALLENGE)
      throw refused(`a challenge of at most ${MOST_CHALLENGE} bytes`, shown(String(count)));
    const challenge = await this.#port.bytes(count);
    const name = createHash("sha256").update(challenge).digest("hex");
    const asked = join(this.#places.evidence, `${name}-asked`);
    try {
      onDisk("room for the challenge", () => writeFileSync(asked, challenge));
      return await this.#written(name, this.#init.answer(name));
    } finally {
      remove(asked);
    }
  }

  /**
   * What a collector has written, under this name, when it ended well. It has ended before init says so, so what is removed then is not
   * written again: strangers may ask with as many challenges as they like, and the place is small.
   */
  async #written(name: string, collected: Promise<number>): Promise<Buffer> {
    const status = await collected;
    const file = join(this.#places.evidence, name);
    try {
      if (status !== 0)
        throw refused("an answer from the collector", `status ${status}`, "the machine's console says why");
      return onDisk("an answer from the collector", () => readFileSync(file));
    } finally {
      remove(file);
    }
  }

  #assertKnown(name: string): void {
    if (!this.#ends.has(name)) throw refused("the name of a canister of this boot", shown(name));
  }
}

function beginningOf(file: string): Buffer {
  const fd = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(MOST_SAID);
    return bytes.subarray(0, readSync(fd, bytes, 0, MOST_SAID, 0));
  } finally {
    closeSync(fd);
  }
}

function remove(file: string): void {
  onDisk("a file that can be removed", () => rmSync(file, { force: true }));
}

/** What is not on disk, or has no room there, is one request's misfortune: it is refused, and the machine goes on. */
function onDisk<T>(expected: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    const { code, syscall } = fault as NodeJS.ErrnoException;
    if (fault instanceof IsolineError || syscall === undefined) throw fault;
    throw refused(expected, code ?? "a fault", "ask for the state of the canisters, and try again");
  }
}
