/** Starting a run: of the library's caller, and of the command line, which stands in for its workload. */
import { Namespace } from "../namespace/namespace.ts";
import type { Plan } from "../namespace/plan.ts";
import { type About, runReport } from "../namespace/run-report.ts";
import type { Output } from "../store/output.ts";
import { removeStaleSignature } from "../store/signature/stale.ts";
import type { Host } from "./host.ts";
import { type Result, Run, statusOf } from "./run.ts";

export interface Order {
  readonly plan: Plan;
  /** The program and its arguments as raw bytes. */
  readonly command: readonly Uint8Array[];
  readonly about: About;
  /** Where a learnt contour goes. */
  readonly output?: Output | undefined;
  /** How long a question waits for an answer, if not the default. */
  readonly answerSeconds?: number | undefined;
  /** Whether the result's status says first whether the contour was kept. */
  readonly checks?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Told of what happens around the workload. */
export type Hooks = Partial<Pick<Namespace, "onEnding" | "onPause" | "onEngineLost" | "beforeStop" | "onCommandEnd">>;

export interface Started {
  readonly run: Run;
  readonly namespace: Namespace;
}

/** Resolves when the command runs, or starting it was refused. Throws whatever else is wrong before. */
export async function startRun(host: Host, order: Order, hooks: Hooks = {}): Promise<Started> {
  const { plan, command, signal } = order;
  signal?.throwIfAborted();
  const namespace = Object.assign(new Namespace(host.entry, plan, command, host), hooks);
  if (order.answerSeconds !== undefined) namespace.questions.seconds = order.answerSeconds;
  const queue = plan.followed === true ? new (await import("./event-queue.ts")).EventQueue() : undefined;
  if (queue !== undefined) namespace.hear((event) => queue.push(event));
  const { promise: begun, resolve: begin } = withResolver();
  const ended = resultOf(namespace, begin, order).finally(() => queue?.end());
  await Promise.race([begun, ended]);
  const abort = () => namespace.end();
  signal?.addEventListener("abort", abort, { once: true });
  const forget = () => signal?.removeEventListener("abort", abort);
  void ended.then(forget, forget);
  if (signal?.aborted === true) {
    abort();
    await ended;
  }
  return { run: new Run(namespace, ended, queue), namespace };
}

async function resultOf(namespace: Namespace, begin: () => void, order: Order): Promise<Result> {
  const { plan, about, checks = false, signal, output } = order;
  const outcome = await (plan.adopt === undefined ? namespace.run(begin) : namespace.attach(begin));
  const removedSignature = output !== undefined && removeStaleSignature(output);
  signal?.throwIfAborted();
  const report = runReport(outcome, about);
  const status = statusOf(outcome, report.verdict, { checks, learns: about.learns });
  return { verdict: report.verdict, status, report, removedSignature };
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
