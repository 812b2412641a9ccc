/** One namespace at the engine's end of a wire: its contour, policy, trust and measurement are here, and every decision. */
import { createHash } from "node:crypto";
import { Contour, parseContour, writeContour } from "@isoline/core/contour";
import type { Circumstances, Mode } from "@isoline/core/engine";
import type { Digest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import type { Event } from "@isoline/core/event";
import { parsePolicy, type Policy, type Task } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { OwnModel } from "../namespace/own-model.ts";
import { refused } from "../wire/faults.ts";
import type { Topic } from "../wire/handshake.ts";
import {
  type AnswerTo,
  type Facts,
  type Note,
  PIECE_BYTES,
  type Question,
  type QuestionName,
  type QuestionOf,
  type Told,
  type ToldCircumstances,
  type ToldVerdict,
} from "../wire/messages.ts";
import { readEvent } from "../wire/read-told.ts";
import { bytes } from "../wire/shapes.ts";

/** Programs that one namespace may have: a hostile sensor could make up any number. */
const MOST_TASKS = 1_000_000;
/** Points that one namespace may learn, and bytes of their events. */
const MOST_POINTS = 10_000_000;
const MOST_LEARNT_BYTES = 512 * 1024 * 1024;
/** Departures and counts in one answer. */
const PAGE = { departures: 100, characters: 256 * 1024, counts: 8192 };

/** What has been told of a namespace that has not begun. */
interface Opening {
  readonly mode: Mode;
  readonly policy: string | null;
  readonly bytes: number;
  readonly pieces: Buffer[];
  received: number;
}

export class ServedNamespace {
  readonly #topic: Topic;
  readonly #tasks = new Map<Digest, Task>();
  #opening: Opening | undefined;
  #model: OwnModel | undefined;
  #learntBytes = 0;
  /** The contour as it was when it was asked for, in pieces, and the points in it. */
  #fetched: { readonly pieces: readonly Buffer[]; readonly points: number } | undefined;

  /** `topic`: what both ends proved themselves for. */
  constructor(topic: Topic) {
    this.#topic = topic;
  }

  /** Takes one frame of the sensor; the answer to its question, or undefined if it has none. Throws `engine-refused`. */
  hear({ notes, question }: Told): object | undefined {
    for (const note of notes) this.#note(note);
    return question === undefined ? undefined : this.#answer(question);
  }

  #note(note: Note): void {
    const { engine } = this.#begun;
    switch (note[0]) {
      case "born":
        return engine.trust.born(note[1], note[2]);
      case "died":
        return engine.trust.died(note[1]);
      case "distrust":
        return engine.trust.distrust(note[1], { reason: note[2], what: note[3] });
      case "repeat":
        this.#assertKnown(note[1]);
        engine.repeat(note[1], note[2], note[3], note[4]);
        return;
      case "unseen":
        this.#assertOn(note[1]);
        return engine.repeatUnseen(note[1], note[2]);
      case "gap":
        return engine.gap(note[1], note[2]);
      case "loss":
        engine.loss(note[1], note[2], note[3] ?? undefined);
        return;
      case "misunderstood":
        engine.misunderstood(new IsolineError(note[1], "an event could not be sent"), {
          process: note[2],
          ...(note[3] ? { isKept: true } : {}),
        });
        return;
    }
  }

  #answer(question: Question): object {
    return (this.#answers[question.ask] as (question: Question) => object)(question);
  }

  readonly #answers: { readonly [N in QuestionName]: (question: QuestionOf<N>) => AnswerTo<N> } = {
    open: ({ mode, policy, bytes: length }) => {
      if (this.#opening !== undefined) throw refused("a session is for one namespace, and it has one");
      this.#opening = { mode, policy, bytes: length, pieces: [], received: 0 };
      return {};
    },
    piece: ({ content }) => {
      const opening = this.#isOpening();
      const piece = bytes(content, "a piece of the contour", PIECE_BYTES);
      opening.received += piece.length;
      if (opening.received > opening.bytes)
        throw refused(`expected ${opening.bytes} bytes of a contour, got ${opening.received}`);
      opening.pieces.push(piece);
      return {};
    },
    begin: () => {
      this.#model = this.#modelOf(this.#isOpening());
      return this.#facts();
    },
    judge: ({ event, seen }) => this.#judge(event, seen),
    "is-on": ({ event }) => ({ isOn: this.#understood(event, (known) => this.#begun.engine.isOn(known)) ?? false }),
    explain: ({ event, seen }) => {
      const circumstances = this.#circumstances(seen);
      return this.#begun.explain(this.#witnessed(event, circumstances), circumstances);
    },
    departures: ({ from }) => ({ departures: this.#departures(from) }),
    facts: () => this.#facts(),
    seal: () => {
      this.#begun.engine.seal();
      return this.#facts();
    },
    portable: ({ binds }) => this.#begun.portable(binds ?? undefined),
    contour: ({ from }) => {
      if (from === 0) this.#fetched = fetched(this.#begun.contour);
      const content = this.#fetched?.pieces[from];
      if (content === undefined || this.#fetched === undefined)
        throw refused(`the contour has no piece ${from}; begin with piece 0`);
      return { content: content.toString("base64"), isLast: from + 1 === this.#fetched.pieces.length };
    },
    occurrences: ({ from }) => {
      const { contour } = this.#begun;
      const end = Math.min(from + PAGE.counts, this.#fetched?.points ?? 0);
      const counts: (readonly [string, number])[] = [];
      for (let index = from; index < end; index++) counts.push([contour.point(index), contour.occurrences(index)]);
      return { counts, isLast: end >= (this.#fetched?.points ?? 0) };
    },
  };

  get #begun(): OwnModel {
    if (this.#model === undefined) throw refused("expected a namespace to begin, got something about it");
    return this.#model;
  }

  #isOpening(): Opening {
    if (this.#opening !== undefined && this.#model === undefined) return this.#opening;
    throw refused("expected a namespace to be opened once, before its contour is sent and before it begins");
  }

  /** The sensor proved itself for one contour, and no other begins. */
  #modelOf({ mode, policy, bytes: length, pieces, received }: Opening): OwnModel {
    if (received !== length) throw refused(`expected ${length} bytes of a contour, got ${received}`);
    const aggregate = this.#topic.aggregate.toString("hex") as Digest;
    if (policy !== null) {
      if (length > 0 || this.#topic.contour.some((byte) => byte !== 0))
        throw refused("expected a contour or a policy for a new one, got both");
      return new OwnModel({
        contour: Contour.create({ profile: iso1, policy, aggregate }),
        policy: policyIn(policy),
        mode,
      });
    }
    const text = Buffer.concat(pieces);
    const digest = createHash("sha256").update(text).digest();
    if (!digest.equals(this.#topic.contour))
      throw refused("expected the contour that the sensor proved itself for, got another one");
    const contour = parseContour(text, { profile: iso1 }) as Contour;
    if (contour.aggregate !== aggregate)
      throw refused("expected a contour under the aggregate of the sensor's machine");
    return new OwnModel({ contour, policy: policyIn(contour.policy), mode });
  }

  #judge(encoded: string, seen: ToldCircumstances): ToldVerdict {
    const { engine } = this.#begun;
    const circumstances = this.#circumstances(seen);
    const before = this.#begun.points;
    const judgement =
      this.#understood(encoded, (event) => engine.judge(event, circumstances)) ??
      engine.misunderstood(new IsolineError("bad-event", "an event could not be read"), circumstances);
    const { verdict, refuse, known, reaction, fault } = judgement;
    if (verdict === "asked") throw refused("no person can be asked over a wire");
    const { points } = this.#begun;
    if (points > before) this.#countLearnt(encoded.length);
    const code = verdict === "lost" ? { code: fault?.code ?? "bad-event" } : {};
    return { verdict, refuse, known, ...(reaction ? { reaction } : {}), ...code, points };
  }

  /** What an event that was sent is, or undefined where it is not one that this version could have written. */
  #understood<T>(encoded: string, use: (event: Event) => T): T | undefined {
    const event = orUndefined(() => readEvent(encoded));
    return event === undefined ? undefined : use(event);
  }

  #witnessed(encoded: string, { process }: Circumstances): Event {
    const event = orUndefined(() => readEvent(encoded));
    if (event !== undefined) return event;
    throw refused(`expected an event of process ${process}, got bytes that are not one`);
  }

  /** A task crosses once, and is known by its id afterwards. */
  #circumstances({ task: id, introduces, ...seen }: ToldCircumstances): Circumstances {
    if (introduces !== undefined) {
      if (this.#tasks.size >= MOST_TASKS) throw refused(`a namespace has at most ${MOST_TASKS} programs`);
      this.#tasks.set(introduces.id, introduces);
    }
    if (id === undefined) return seen;
    const task = this.#tasks.get(id);
    if (task === undefined) throw refused(`expected a task that was told, got ${id}`);
    return { ...seen, task };
  }

  #departures(from: number): AnswerTo<"departures">["departures"] {
    const told: AnswerTo<"departures">["departures"][number][] = [];
    let characters = 0;
    for (let at = from; told.length < PAGE.departures && characters < PAGE.characters; at++) {
      const [departure] = this.#begun.explained(at, 1);
      if (departure === undefined) break;
      told.push(departure);
      characters += JSON.stringify(departure).length;
    }
    return told;
  }

  #facts(): Facts {
    const { engine } = this.#begun;
    return { ...this.#begun.state(), tally: { ...engine.tally } };
  }

  /** A sensor that makes verdicts up would have the engine count what never was. */
  #assertKnown(known: number): void {
    const index = known - 0x8000_0000;
    if (index < 0) return this.#assertOn(known);
    const isKnown = index === 0x7fff_ffff || this.#begun.engine.forensics.departure(index) !== undefined;
    if (!isKnown) throw refused(`expected a verdict that was given, got ${known}`);
  }

  /** The same of one on contour: a departure counts, and costs a process its trust. */
  #assertOn(known: number): void {
    if (known > this.#begun.points) throw refused(`expected a verdict that was given, on contour, got ${known}`);
  }

  #countLearnt(characters: number): void {
    this.#learntBytes += characters;
    if (this.#begun.points > MOST_POINTS || this.#learntBytes > MOST_LEARNT_BYTES)
      throw refused(`a namespace learns at most ${MOST_POINTS} points, of ${MOST_LEARNT_BYTES} bytes in all`);
  }
}

function policyIn(text: string): Policy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (fault) {
    throw refused("expected a policy as JSON, got something else", fault);
  }
  return parsePolicy(json);
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof IsolineError && fault.code === "bad-event") return undefined;
    throw fault;
  }
}

function fetched(contour: Contour): { pieces: Buffer[]; points: number } {
  const text = Buffer.from([...writeContour(contour)].join(""));
  const pieces: Buffer[] = [];
  for (let at = 0; at < text.length; at += PIECE_BYTES) pieces.push(text.subarray(at, at + PIECE_BYTES));
  return { pieces, points: contour.size };
}
