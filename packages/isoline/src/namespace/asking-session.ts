/** The supervising thread's side of what a person decides: questions go out, answers come in, and the contour is widened. */
import { Contour, mergeContours } from "@isoline/core/contour";
import { type Circumstances, consequenceOfDeparture, explainEvent } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { type Event, formatAct, phrase } from "@isoline/core/event";
import {
  Asking,
  beyondLandlock,
  compileLandlock,
  type LandlockRules,
  type ModelMediator,
  type Question,
} from "@isoline/linux";
import { loadContour } from "../store/contour-file.ts";
import { iso1 } from "@isoline/core/profile";
import { KeptContour } from "./kept-contour.ts";
import type { AnswerWord } from "./answer-words.ts";
import type { Amended, QuestionReport, Settled } from "./live.ts";
import { readLabel } from "./label.ts";
import type { SupervisorMessage } from "./messages.ts";
import type { OwnModel } from "./own-model.ts";
import type { Plan } from "./plan.ts";
import type { Amendment } from "./requests.ts";

/** What comes with a program that may always start is added in one piece; beyond this it is added at once. */
const MOST_ALONG = 1024;

/** An act that belongs on the contour from now on. */
interface Permitted {
  readonly event: Event;
  readonly circumstances: Circumstances;
}

export class AskingSession {
  /** Undefined where no person is asked. */
  readonly asking: Asking | undefined;
  readonly #plan: Plan;
  readonly #model: OwnModel;
  readonly #say: (message: SupervisorMessage) => void;
  readonly #kept: KeptContour;
  readonly #along: Permitted[] = [];
  #mediator: Pick<ModelMediator, "lineageOf" | "forgetVerdicts"> | undefined;
  /** What the kernel refuses by itself. */
  #landlock: LandlockRules | undefined;
  #onAmended: () => void = () => {};

  constructor(plan: Plan, model: OwnModel, say: (message: SupervisorMessage) => void) {
    this.#plan = plan;
    this.#model = model;
    this.#say = say;
    this.#kept = KeptContour.of(plan);
    this.asking = plan.asks === undefined ? undefined : this.#makeAsking(plan.asks.most);
  }

  /** From now on acts are decided by this mediator, under these rules of the kernel. `onAmended`: the contour permits more. */
  attach(
    mediator: Pick<ModelMediator, "lineageOf" | "forgetVerdicts">,
    landlock: LandlockRules | undefined,
    onAmended: () => void,
  ): void {
    this.#onAmended = onAmended;
    this.#mediator = mediator;
    this.#landlock = landlock;
  }

  settle(id: number, how: AnswerWord | "late", by: string): Settled {
    const question = this.asking?.question(id);
    if (this.asking === undefined || question === undefined) return { settled: false };
    if (how !== "always") return { settled: this.asking.settle(id, how) };
    const { isPermitted, remark } = this.#permit([question], by, id);
    const settled = this.asking.settle(id, isPermitted ? "always" : "once");
    return { settled, ...(remark === undefined ? {} : { remark }) };
  }

  sweep(): true {
    this.asking?.sweep();
    this.#permitAlong();
    return true;
  }

  /** Goes on under the contour in a file: one that permits everything that the present one does, signed as the run demands. */
  async amend({ contour: path, state }: Amendment): Promise<Amended> {
    try {
      const next = await loadContour(path, iso1, this.#plan.signed);
      if (state !== undefined && next.state() !== state)
        throw new IsolineError(
          "not-comparable",
          `${path} is not what was decided about any more: expected the state ${state}, got ${next.state()}; look at it, and use isoline amend`,
        );
      const before = this.#model.contour.size;
      const permitted = this.#goOnUnder(next);
      return { points: next.size, added: next.size - before, permitted, untilRestart: this.#untilRestart() };
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      return { refused: fault.code, message: fault.message };
    }
  }

  /** Adds what came with the programs that may always start. */
  finish(): void {
    this.#permitAlong();
    this.#kept.close();
  }

  #makeAsking(most: number): Asking {
    return new Asking({
      most,
      onQuestion: (question) => this.#say({ kind: "question", question: this.#told(question) }),
      onWithdrawn: (id) => this.#say({ kind: "withdrawn", id }),
      onOverflow: (event, circumstances) =>
        this.#say({ kind: "unasked", why: explainEvent(event, this.#model.learnt, circumstances).sentence }),
      onAlong: (event, circumstances) => {
        this.#along.push({ event, circumstances });
        if (this.#along.length >= MOST_ALONG) this.#permitAlong();
      },
    });
  }

  #told({ id, event, point, circumstances }: Question): QuestionReport {
    return {
      id,
      pid: circumstances.pid,
      uid: event.actor.credentials.euid,
      chain: circumstances.chain,
      act: formatAct(event),
      says: phrase(event),
      why: explainEvent(event, this.#model.learnt, circumstances).sentence,
      means: meaningOf(event, this.#model),
      point,
    };
  }

  #permitAlong(): void {
    if (this.#along.length > 0) this.#permit(this.#along.splice(0), "what comes with a program that may always start");
  }

  /** Has the contour permit these acts from now on, in this run and in its file. `but`: the question that is being answered. */
  #permit(
    acts: readonly Permitted[],
    by: string,
    but?: number,
  ): { readonly isPermitted: boolean; readonly remark?: string } {
    try {
      const more = this.#contourOf(acts);
      this.#goOnUnder(mergeContours([this.#model.contour, more]), but);
      const remark = this.#kept.add(more, { by: `user ${process.geteuid?.()}, ${by}`, source: sourceOf(this.#plan) });
      return { isPermitted: true, ...(remark === undefined ? {} : { remark: `for this run only: ${remark}` }) };
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      return { isPermitted: false, remark: `this once only: ${fault.message}` };
    }
  }

  /** These acts alone, with the programs that led to their actors. */
  #contourOf(acts: readonly Permitted[]): Contour {
    const { profile, policy, base, aggregate } = this.#model.contour;
    const contour = Contour.create({ profile, policy, base, aggregate });
    for (const { event, circumstances } of acts) {
      const known = this.#model.contour.taskChain(event.actor.task);
      const lineage = known.length > 0 ? known : (this.#mediator?.lineageOf(event.actor.task) ?? []);
      for (const task of lineage) contour.defineTask(task);
      if (circumstances.task !== undefined) contour.defineTask(circumstances.task);
      contour.add(event);
    }
    return contour;
  }

  /** Returns how many questions need no answer any more, beside the one that is being answered. */
  #goOnUnder(next: Contour, but?: number): number {
    this.#model.amend(next);
    this.#mediator?.forgetVerdicts();
    this.#onAmended();
    const settled = this.asking?.decideAgain(({ id, event }) => id !== but && next.indexOf(event) >= 0) ?? [];
    for (const id of settled) this.#say({ kind: "withdrawn", id });
    return settled.length;
  }

  #untilRestart(): readonly string[] {
    if (this.#landlock === undefined) return [];
    return beyondLandlock(this.#landlock, compileLandlock(this.#model.contour, this.#plan.places));
  }
}

function sourceOf({ label = "" }: Plan): string {
  const { name, command } = readLabel(label);
  return name === undefined ? `a run of ${command}` : `the namespace ${name}`;
}

/** What it would mean to permit an act, in a few words for the person who decides. */
function meaningOf(event: Event, { learnt }: OwnModel): string {
  const { consequence, because } = consequenceOfDeparture(event, learnt);
  const along = event.op === "exec" ? "; what it reads of installed files comes with it" : "";
  return `${consequence}: ${because}${along}`;
}
