/** Both ends of a session in one thread: the sensor's engine over a served namespace, with every frame at hand. */
import { createHash } from "node:crypto";
import { type Contour, writeContour } from "@isoline/core/contour";
import type { Mode } from "@isoline/core/engine";
import type { Policy } from "@isoline/core/identity";
import { ServedNamespace } from "../../packages/isoline/src/engine/served-namespace.ts";
import { DistantEngine } from "../../packages/isoline/src/namespace/distant-engine.ts";
import { Asker } from "../../packages/isoline/src/wire/asker.ts";
import type { Frames } from "../../packages/isoline/src/wire/frames.ts";
import type { Topic } from "../../packages/isoline/src/wire/handshake.ts";
import { readTold } from "../../packages/isoline/src/wire/read-told.ts";

export interface BothEnds {
  readonly engine: DistantEngine;
  readonly asker: Asker;
  readonly served: ServedNamespace;
  /** What each end sent, in order. */
  readonly told: Buffer[];
  readonly answered: Buffer[];
  /** What a hostile engine makes of an answer. */
  tamper: (answer: Buffer) => Buffer;
  lost: string | undefined;
}

export interface Begins {
  readonly contour: Contour;
  readonly policy: Policy;
  readonly mode: Mode;
  /** Whether the contour begins with this session. */
  readonly isNew: boolean;
}

export function topicOf({ contour, isNew }: Begins): Topic {
  const text = [...writeContour(contour)].join("");
  return {
    contour: isNew ? Buffer.alloc(32) : createHash("sha256").update(text).digest(),
    aggregate: Buffer.alloc(32),
  };
}

export function bothEnds(begins: Begins): BothEnds {
  const { contour, policy, mode, isNew } = begins;
  const served = new ServedNamespace(topicOf(begins));
  const ends = { served, told: [], answered: [], tamper: (answer: Buffer) => answer, lost: undefined } as unknown as {
    -readonly [K in keyof BothEnds]: BothEnds[K];
  };
  const waiting: Buffer[] = [];
  const frames = {
    send(content: Buffer) {
      ends.told.push(Buffer.from(content));
      const answer = served.hear(readTold(content));
      if (answer !== undefined) waiting.push(Buffer.from(JSON.stringify({ answer })));
    },
    receive() {
      const answer = waiting.shift() ?? Buffer.alloc(0);
      ends.answered.push(answer);
      return ends.tamper(Buffer.from(answer));
    },
    close() {},
  } as unknown as Frames;
  ends.asker = new Asker(frames, 1000, (why) => {
    ends.lost = why;
  });
  const text = isNew ? Buffer.alloc(0) : Buffer.from([...writeContour(contour)].join(""));
  ends.asker.ask({ ask: "open", mode, policy: isNew ? contour.policy : null, bytes: text.length });
  if (text.length > 0) ends.asker.ask({ ask: "piece", content: text.toString("base64") });
  const facts = ends.asker.ask({ ask: "begin" });
  if (facts === undefined) throw new Error(`nothing began: ${ends.lost}`);
  ends.engine = new DistantEngine(ends.asker, { mode, reaction: policy.reaction, points: facts.points });
  return ends;
}
