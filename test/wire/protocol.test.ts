/** Both ends of a wire over a transport in memory: what they agree on, and that nothing else is taken for it. */
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { IsolineError } from "@isoline/core/error";
import { MOST_BYTES } from "../../packages/isoline/src/wire/frames.ts";
import { type Agreed, greeting, type Identity, welcoming } from "../../packages/isoline/src/wire/handshake.ts";
import { keyProver, keyVerifier } from "../../packages/isoline/src/wire/proof.ts";
import { type Transport, within } from "../../packages/isoline/src/wire/stream.ts";
import { isCI } from "../support/machine.ts";

const EAGAIN = 11;
const engineKey = generateKeyPairSync("ed25519");
const sensorKey = generateKeyPairSync("ed25519");
const topic = { contour: Buffer.alloc(32, 1), aggregate: Buffer.alloc(32, 2) };

const pinned = (name: string, key: KeyObject) => [{ name, key }];
const ofEngine: Identity = {
  prover: keyProver(engineKey.privateKey),
  verifier: keyVerifier("sensor", pinned("the sensor", sensorKey.publicKey)),
};
const ofSensor: Identity = {
  prover: keyProver(sensorKey.privateKey),
  verifier: keyVerifier("engine", pinned("the engine", engineKey.publicKey)),
};

/** One direction. */
class Pipe {
  waiting: Buffer = Buffer.alloc(0);
  isClosed = false;
  /** What a hostile machine between both ends makes of what is written. */
  tamper: (bytes: Buffer) => Buffer = (bytes) => bytes;
}

function endOf(reads: Pipe, writes: Pipe): Transport {
  return {
    read(into) {
      const count = Math.min(into.length, reads.waiting.length);
      if (count === 0) return reads.isClosed ? 0 : -EAGAIN;
      reads.waiting.copy(into, 0, 0, count);
      reads.waiting = reads.waiting.subarray(count);
      return count;
    },
    write(bytes) {
      writes.waiting = Buffer.concat([writes.waiting, writes.tamper(Buffer.from(bytes))]);
      return bytes.length;
    },
    await: () => false,
    close: () => {
      writes.isClosed = true;
    },
  };
}

interface Met {
  readonly engine: Agreed;
  readonly sensor: Agreed;
  readonly toEngine: Pipe;
  readonly toSensor: Pipe;
}

/** Both ends take their steps in turn, until both are done; throws what one of them refused. */
function meet(change: (toEngine: Pipe, toSensor: Pipe) => void = () => {}, engine = ofEngine, sensor = ofSensor): Met {
  const [toEngine, toSensor] = [new Pipe(), new Pipe()];
  change(toEngine, toSensor);
  const ends = [
    greeting(endOf(toSensor, toEngine), topic, sensor, within(1000)),
    welcoming(endOf(toEngine, toSensor), engine, within(1000)),
  ] as const;
  const done: (Agreed | undefined)[] = [undefined, undefined];
  while (done.includes(undefined))
    for (const [index, steps] of ends.entries()) {
      if (done[index] !== undefined) continue;
      const { done: isDone, value } = steps.next();
      if (isDone === true) done[index] = value;
    }
  return { sensor: done[0] as Agreed, engine: done[1] as Agreed, toEngine, toSensor };
}

function faultOf(act: () => unknown): string {
  try {
    act();
    return "nothing was refused";
  } catch (fault) {
    return fault instanceof IsolineError ? `${fault.code}: ${fault.message}` : `not a refusal: ${String(fault)}`;
  }
}

/** Changes the nth write of a pipe. */
function onWrite(pipe: Pipe, nth: number, change: (bytes: Buffer) => Buffer): void {
  let writes = 0;
  pipe.tamper = (bytes) => (writes++ === nth ? change(bytes) : bytes);
}

const flip = (bit: number) => (bytes: Buffer) => {
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return bytes;
};

/** Wrong in one bit, a length makes an end wait for more, or it is refused; both are refusals. */
const REFUSAL = /^engine-(refused|lost): /;

describe("a handshake", () => {
  it("gives both ends the same keys, each the other's name, and both the same topic", () => {
    const { engine, sensor } = meet();
    sensor.frames.send(Buffer.from("one"), within(100));
    engine.frames.send(Buffer.from("two"), within(100));
    expect([engine.frames.receive(within(100)).toString(), sensor.frames.receive(within(100)).toString()]).toEqual([
      "one",
      "two",
    ]);
    expect([engine.peer, sensor.peer, engine.topic]).toEqual(["the sensor", "the engine", topic]);
  });

  it("is refused where the engine, or the sensor, has another key", () => {
    const stranger = keyProver(generateKeyPairSync("ed25519").privateKey);
    expect(faultOf(() => meet(undefined, { ...ofEngine, prover: stranger }))).toContain(
      "expected the engine to prove a key",
    );
    expect(faultOf(() => meet(undefined, ofEngine, { ...ofSensor, prover: stranger }))).toContain(
      "expected the sensor to prove a key",
    );
  });

  it("is refused where an end gives the other's own proof back, or a proof of another kind", () => {
    const mirrored: Identity = { prover: keyProver(sensorKey.privateKey), verifier: ofEngine.verifier };
    expect(faultOf(() => meet(undefined, mirrored))).toContain("expected the engine to prove a key");
    const tee = { kind: 2, prove: () => Buffer.alloc(64) };
    expect(faultOf(() => meet(undefined, { ...ofEngine, prover: tee }))).toContain("got proof 2");
  });

  it("is refused whatever bit of it is flipped on its way, and wherever it is cut", () => {
    const lengths = { toEngine: [144, 93], toSensor: [80, 93, 40] } as const;
    const faults: string[] = [];
    for (const [direction, writes] of Object.entries(lengths))
      for (const [nth, length] of writes.entries()) {
        const on = (change: (bytes: Buffer) => Buffer) => (toEngine: Pipe, toSensor: Pipe) =>
          onWrite(direction === "toEngine" ? toEngine : toSensor, nth, change);
        for (let bit = 0; bit < length * 8; bit += isCI ? 1 : 13) faults.push(faultOf(() => meet(on(flip(bit)))));
        for (let cut = 0; cut < length; cut += isCI ? 1 : 13)
          faults.push(faultOf(() => meet(on((bytes) => bytes.subarray(0, cut)))));
      }
    expect(faults.filter((fault) => !REFUSAL.test(fault))).toEqual([]);
    expect(faults.length).toBeGreaterThan(200);
  });

  it("is refused with a key of small order, with which no secret can be agreed", () => {
    const small = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 48), Buffer.alloc(32), bytes.subarray(80)]);
    expect(faultOf(() => meet((toEngine) => onWrite(toEngine, 0, small)))).toContain("expected an X25519 key");
  });

  it("with another version is refused at both ends in words", () => {
    const newer = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 12), Buffer.of(2, 9), bytes.subarray(14)]);
    expect(faultOf(() => meet((toEngine) => onWrite(toEngine, 0, newer)))).toContain(
      "the sensor speaks versions 2 to 9",
    );
    const none = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(1), bytes.subarray(13)]);
    expect(faultOf(() => meet((_, toSensor) => onWrite(toSensor, 0, none)))).toContain("does not speak version 1");
  });

  it("with what is no wire ends at its first bytes", () => {
    const http = () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect(faultOf(() => meet((_, toSensor) => onWrite(toSensor, 0, http)))).toContain("expected an engine");
    expect(faultOf(() => meet((toEngine) => onWrite(toEngine, 0, http)))).toContain("expected a sensor");
  });
});

describe("a frame", () => {
  /** What the engine gets when a sensor sends these, and a machine between both makes something of it. */
  const got = (contents: readonly string[], change: (frames: Buffer[]) => readonly Buffer[]): string => {
    const { engine, sensor, toEngine } = meet();
    const sent: Buffer[] = [];
    toEngine.tamper = (bytes) => {
      sent.push(bytes);
      return Buffer.alloc(0);
    };
    for (const content of contents) sensor.frames.send(Buffer.from(content), within(100));
    toEngine.waiting = Buffer.concat(change(sent));
    return faultOf(() => {
      for (const content of contents)
        if (engine.frames.receive(within(0)).toString() !== content) throw new Error("another content");
    });
  };

  it("is taken as it was sent", () => {
    expect(got(["one", "two"], (frames) => frames)).toBe("nothing was refused");
  });

  it("is refused when it comes twice, too early, or after one that was left out", () => {
    const pick = (...order: number[]) =>
      got(["one", "two", "three"], (frames) => order.map((at) => frames[at] as Buffer));
    expect(pick(0, 0, 1)).toContain("expected frame 2, got frame 1");
    expect(pick(1, 0, 2)).toContain("expected frame 1, got frame 2");
    expect(pick(0, 2)).toContain("expected frame 2, got frame 3");
  });

  it("of another session, or of the other direction, is refused even at its place", () => {
    const other = meet();
    other.toEngine.tamper = (bytes) => bytes;
    other.sensor.frames.send(Buffer.from("one"), within(100));
    expect(got(["one"], () => [other.toEngine.waiting])).toContain("is another session's");
    const { sensor, engine, toEngine, toSensor } = meet();
    engine.frames.send(Buffer.from("mine"), within(100));
    sensor.frames.send(Buffer.from("x"), within(100));
    toEngine.waiting = Buffer.from(toSensor.waiting);
    // The engine has sent one frame more than it received; its next but one would be at this place.
    toEngine.waiting.writeBigUInt64BE(1n, 4);
    expect(faultOf(() => engine.frames.receive(within(0)))).toMatch(/^engine-refused/);
  });

  it("is refused whatever bit is flipped, and wherever it is cut", () => {
    const faults: string[] = [];
    for (let bit = 0; bit < 40 * 8; bit += isCI ? 1 : 5)
      faults.push(got(["a sensor's word"], ([frame]) => [flip(bit)(frame as Buffer)]));
    for (let cut = 0; cut < 43; cut += isCI ? 1 : 5)
      faults.push(got(["a sensor's word"], ([frame]) => [(frame as Buffer).subarray(0, cut)]));
    expect(faults.filter((fault) => !REFUSAL.test(fault))).toEqual([]);
  });

  it("longer than the most is neither sent nor waited for", () => {
    const { sensor, engine, toEngine } = meet();
    expect(faultOf(() => sensor.frames.send(Buffer.alloc(MOST_BYTES + 1), within(100)))).toContain("at most");
    toEngine.waiting = Buffer.concat([Buffer.from("ffffffff0000000000000001", "hex"), randomBytes(100)]);
    expect(faultOf(() => engine.frames.receive(within(0)))).toContain("expected a frame of at most");
  });
});
