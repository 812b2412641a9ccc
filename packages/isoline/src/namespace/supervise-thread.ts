/**
 * The supervising thread: loads the contour, mediates until the namespace is over, and reports.
 *
 * It blocks in the kernel waiting for the next call, so it hears requests only when its doorbell rings: the main thread
 * sends it a signal, whose only effect is to interrupt the wait.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { IsolineError } from "@isoline/core";
import { armDoorbell, currentThread, returnLarger, SeccompSensor } from "@isoline/linux";
import { awaitCell, type ControlBlock, cells, publish } from "./control-block.ts";
import type { Envelope, LaunchOrder, Report, SupervisorMessage } from "./messages.ts";
import type { Plan } from "./plan.ts";
import { Supervision } from "./supervision.ts";

/** Tables double when they are full: what they outgrew is of no use to anybody. */
const LARGE_BYTES = 128 * 1024;

/** What the thread is started with; the plan comes as its first message. */
export interface SuperviseThreadData {
  readonly block: ControlBlock;
  readonly requests: MessagePort;
  readonly launcher: MessagePort;
}

const say = (message: SupervisorMessage) => parentPort?.postMessage(message);

async function run(plan: Plan, { block, requests, launcher }: SuperviseThreadData): Promise<void> {
  returnLarger(LARGE_BYTES);
  const supervision = await Supervision.prepare(plan, block, (event) => say({ kind: "event", event }));
  const bpf =
    plan.sensor === "bpf"
      ? (await import("./kernel-half.ts")).openKernelHalf(plan, block, supervision, say)
      : undefined;
  armDoorbell();
  Atomics.store(block, cells.supervisorTid, currentThread());
  launcher.postMessage({
    landlock: supervision.landlockRules(),
    sensor: plan.sensor,
    openFiles: bpf ? plan.openFiles : undefined,
  } satisfies LaunchOrder);
  // Who lives already is not launched: the launching thread ends, and its part counts as done.
  if (plan.adopt !== undefined) Atomics.store(block, cells.listener, 1);
  publish(block, cells.ready, plan.adopt === undefined ? 1 : -1);
  say({ kind: "ready" });
  const unanswered: Envelope[] = [];
  const answer = (): "go-on" | "stop" => {
    const rung = Atomics.load(block, cells.rung);
    let next: "go-on" | "stop" = "go-on";
    for (;;) {
      const received = receiveMessageOnPort(requests) as { message: Envelope } | undefined;
      if (!received) break;
      const { id, request } = received.message;
      if (request.ask === "stop" || request.ask === "abandon") next = "stop";
      if (unanswered.length === 0 && supervision.canAnswer(request)) {
        say({ kind: "reply", id, value: supervision.answer(request) });
        bpf?.sensor.adapt();
      } else {
        // What it needs has to be loaded, and nothing is loaded while this thread blocks in the kernel.
        unanswered.push(received.message);
        next = "stop";
      }
    }
    Atomics.store(block, cells.answered, rung);
    return next;
  };
  const end = (kernel: Report["kernel"] = null) => {
    answer();
    const report = supervision.finish(kernel);
    for (const departures of supervision.departuresInPages()) say({ kind: "departures", departures });
    say({ kind: "ended", report });
  };
  if (bpf) {
    supervision.attach(bpf.sensor);
    bpf.sensor.run(answer, () => Atomics.load(block, cells.listener));
    bpf.sensor.settle();
    // Whoever hears of the end may end this process, and what is pinned would stay.
    const kernel = Object.fromEntries(bpf.half.tallies());
    bpf.sensor.close();
    bpf.stopKeeper();
    end(kernel);
    return;
  }
  const listener = awaitCell(block, cells.listener);
  if (listener < 0) return;
  const sensor = new SeccompSensor(listener, process.pid, supervision.mediator, plan.places.canister !== undefined);
  for (const { version, digest } of plan.known ?? []) sensor.know(version, digest);
  supervision.attach(sensor);
  while (sensor.run(answer) === "stopped" && unanswered.length > 0) {
    await supervision.loadIntegrity();
    for (const { id, request } of unanswered.splice(0)) say({ kind: "reply", id, value: supervision.answer(request) });
  }
  end();
  sensor.close();
}

const data = workerData as SuperviseThreadData;
parentPort?.once("message", (plan: Plan) => {
  run(plan, data).catch((fault: unknown) => {
    const code = fault instanceof IsolineError ? fault.code : "internal";
    say({ kind: "failed", code, message: fault instanceof Error ? fault.message : String(fault) });
    publish(data.block, cells.ready, -1);
  });
});
