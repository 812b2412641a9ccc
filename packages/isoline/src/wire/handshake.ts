/**
 * How a wire begins: both ends agree on keys that exist for this session only (X25519, HKDF), then each proves its identity over all
 * that was said, the engine first. docs/spec/wire.md
 *
 * The proofs are sent as the first frames under the agreed keys. So an end cannot pass off another's proof as its own: it would have
 * to know the keys that the proof is for (SIGMA; Krawczyk, CRYPTO 2003).
 */
import {
  createPublicKey,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { IsolineError } from "@isoline/core/error";
import { refused } from "./faults.ts";
import { Frames, type Keys, MAGIC } from "./frames.ts";
import type { Answered } from "./messages.ts";
import { MOST_PROOF, type Prover, type Verifier } from "./proof.ts";
import { answerIn } from "./read-answer.ts";
import { type Deadline, readWhole, type Transport, writeWhole } from "./stream.ts";

/** The only version so far. */
const VERSION = 1;

const NONCE = 32;
const KEY = 32;
const DIGEST = 32;
/** 12 bytes magic ‖ u8 lowest version ‖ u8 highest ‖ 2 zeros ‖ nonce ‖ X25519 key ‖ digest of the contour ‖ aggregate. */
const HELLO = 16 + NONCE + KEY + DIGEST + DIGEST;
/** 12 bytes magic ‖ u8 version, 0 if there is none in common ‖ 3 zeros ‖ nonce ‖ X25519 key. */
const ANSWER = 16 + NONCE + KEY;
/** SubjectPublicKeyInfo of an X25519 key, before its 32 bytes (RFC 8410). */
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

/** What a session is about: the proofs of both ends hold for this alone. */
export interface Topic {
  /** SHA-256 of the contour's bytes that the sensor will send; zeros if it sends none. */
  readonly contour: Buffer;
  /** The aggregate of the sensor's machine; zeros if there is none. */
  readonly aggregate: Buffer;
}

export interface Identity {
  readonly prover: Prover;
  /** Of the other end. */
  readonly verifier: Verifier;
}

/** A session that both ends have proven. */
export interface Agreed {
  readonly frames: Frames;
  readonly topic: Topic;
  /** By what the other end is known. */
  readonly peer: string;
}

/** What an end does, in steps: before each it waits for the other end. */
type Steps = Generator<void, Agreed>;

/** Takes every step in turn: the transport waits. */
export function agreed(steps: Steps): Agreed {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The sensor's part. */
export function* greeting(transport: Transport, topic: Topic, { prover, verifier }: Identity, until: Deadline): Steps {
  const own = generateKeyPairSync("x25519");
  const hello = Buffer.concat([
    begins(VERSION, VERSION),
    randomBytes(NONCE),
    publicBytes(own.publicKey),
    topic.contour,
    topic.aggregate,
  ]);
  writeWhole(transport, hello, until);
  yield;
  const answer = readBeginning(transport, ANSWER, "an engine", until);
  const version = answer[12];
  if (version === 0)
    throw refused(`the engine does not speak version ${VERSION} of the wire; use the same isoline there`);
  if (version !== VERSION || answer.readUIntBE(13, 3) !== 0)
    throw refused(`expected an answer in version ${VERSION} of the wire, got one in version ${version}`);
  const session = agree(own.privateKey, answer.subarray(16 + NONCE), hello, answer, "sensor");
  const frames = new Frames(transport, session.keys);
  const peer = check(frames, verifier, session.binding("engine"), until);
  frames.send(Buffer.concat([Buffer.of(prover.kind), prover.prove(session.binding("sensor"))]), until);
  yield;
  answerIn(frames.receive(until));
  return { frames, topic, peer };
}

/** The engine's part. A sensor that is not proven is told so. */
export function* welcoming(transport: Transport, { prover, verifier }: Identity, until: Deadline): Steps {
  const hello = readBeginning(transport, HELLO, "a sensor", until);
  const [lowest = 0, highest = 0] = hello.subarray(12, 14);
  const own = generateKeyPairSync("x25519");
  const isSpoken = lowest <= VERSION && VERSION <= highest && hello.readUInt16BE(14) === 0;
  const answer = Buffer.concat([begins(isSpoken ? VERSION : 0, 0), randomBytes(NONCE), publicBytes(own.publicKey)]);
  writeWhole(transport, answer, until);
  if (!isSpoken)
    throw refused(`the sensor speaks versions ${lowest} to ${highest} of the wire, this engine ${VERSION}`);
  const at = 16 + NONCE;
  const session = agree(own.privateKey, hello.subarray(at, at + KEY), hello, answer, "engine");
  const frames = new Frames(transport, session.keys);
  frames.send(Buffer.concat([Buffer.of(prover.kind), prover.prove(session.binding("engine"))]), until);
  yield;
  const peer = provenOrTold(frames, verifier, session.binding("sensor"), until);
  send(frames, { answer: {} }, until);
  const topic = { contour: hello.subarray(at + KEY, at + KEY + DIGEST), aggregate: hello.subarray(at + KEY + DIGEST) };
  return { frames, topic, peer };
}

function begins(one: number, other: number): Buffer {
  return Buffer.concat([Buffer.from(MAGIC, "latin1"), Buffer.of(one, other, 0, 0)]);
}

/** The magic is read first: what speaks another protocol may never send as much as is waited for. */
function readBeginning(transport: Transport, length: number, of: string, until: Deadline): Buffer {
  const bytes = Buffer.alloc(length);
  const magic = bytes.subarray(0, MAGIC.length);
  readWhole(transport, magic, until);
  if (magic.toString("latin1") !== MAGIC)
    throw refused(`expected ${of} at the other end of the wire, found something else`);
  readWhole(transport, bytes.subarray(MAGIC.length), until);
  return bytes;
}

interface SessionKeys {
  readonly keys: Keys;
  /** What an end proves, 64 bytes: as long as the report data of SEV-SNP and TDX. */
  readonly binding: (role: "engine" | "sensor") => Buffer;
}

function agree(own: KeyObject, theirs: Buffer, hello: Buffer, answer: Buffer, as: "engine" | "sensor"): SessionKeys {
  const transcript = createHash("sha256").update("isoline wire transcript").update(hello).update(answer).digest();
  const secret = sharedSecret(own, theirs);
  const derived = Buffer.from(hkdfSync("sha256", secret, transcript, "isoline wire 1 keys", 64));
  const [ofSensor, ofEngine] = [derived.subarray(0, 32), derived.subarray(32)];
  return {
    keys: as === "sensor" ? { sends: ofSensor, receives: ofEngine } : { sends: ofEngine, receives: ofSensor },
    binding: (role) => createHash("sha512").update(`isoline wire 1 proof of the ${role}`).update(transcript).digest(),
  };
}

/** A key of small order has no secret in common with any: OpenSSL refuses it (RFC 7748, 6.1). */
function sharedSecret(own: KeyObject, theirs: Buffer): Buffer {
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI, theirs]), format: "der", type: "spki" });
    return diffieHellman({ privateKey: own, publicKey });
  } catch (fault) {
    throw refused("expected an X25519 key from the other end, got one with which no secret can be agreed", fault);
  }
}

function provenOrTold(frames: Frames, verifier: Verifier, binding: Buffer, until: Deadline): string {
  try {
    return check(frames, verifier, binding, until);
  } catch (fault) {
    if (fault instanceof IsolineError) send(frames, { refused: fault.message }, until);
    throw fault;
  }
}

/** Sends a frame of the engine. */
export function send(frames: Frames, answered: Answered, until: Deadline): void {
  frames.send(Buffer.from(JSON.stringify(answered)), until);
}

function check(frames: Frames, verifier: Verifier, binding: Buffer, until: Deadline): string {
  const proof = frames.receive(until);
  if (proof.length < 2 || proof.length > MOST_PROOF)
    throw refused(`expected a proof of 2 to ${MOST_PROOF} bytes, got ${proof.length}`);
  return verifier.verify(proof[0] ?? 0, proof.subarray(1), binding);
}

function publicBytes(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(SPKI.length);
}
