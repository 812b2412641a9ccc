/**
 * The supervising thread: prepares a session, mediates until the namespace has ended, and reports.
 *
 * It blocks in the kernel until the next call, so it reads requests only after its doorbell signal: the main thread sends it a
 * signal whose only effect is to interrupt the wait.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { IsolineError } from "@isoline/core/error";
import { armDoorbell, currentThread, endMoments, prepareMoments, returnLarger } from "@isoline/linux";
import { cells, type ControlBlock, publish } from "./control-block.ts";
import type { Driver } from "./drivers/driver.ts";
import { SeccompDriver } from "./drivers/seccomp.ts";
import { Mailbox } from "./mailbox.ts";
import type { LaunchOrder, SupervisorMessage } from "./messages.ts";
import type { Plan } from "./plan.ts";
import { Session } from "./session.ts";

/** Tables double when they are full; the memory of the smaller one is not reused. */
const LARGE_BYTES = 128 * 1024;

/** What the thread is started with; the plan comes as its first message. */
export interface SuperviseThreadData {
  readonly block: ControlBlock;
  readonly requests: MessagePort;
  readonly launcher: MessagePort;
  /** Leads to the thread that records the namespace in a TPM; without it, it has one of its own. */
  readonly recorder?: MessagePort | undefined;
}

const say = (message: SupervisorMessage) => parentPort?.postMessage(message);

async function run(plan: Plan, data: SuperviseThreadData): Promise<void> {
  returnLarger(LARGE_BYTES);
  // The bpf sensor waits for no task, and needs no timer.
  if (plan.sensor === "bpf") return prepared(plan, data);
  // First: a workload elsewhere may have used up what timers are made of, and from here on a register may have been born.
  prepareMoments();
  try {
    await prepared(plan, data);
  } finally {
    endMoments();
  }
}

async function prepared(plan: Plan, data: SuperviseThreadData): Promise<void> {
  const { block, recorder } = data;
  const session = await Session.prepare(plan, block, say, recorder);
  const driver = await driverOf(plan, block, session).catch((fault: unknown) => {
    session.neverRan();
    throw fault;
  });
  try {
    await supervise(plan, data, session, driver);
  } catch (fault) {
    driver.fail();
    throw fault;
  }
}

async function supervise(
  plan: Plan,
  { block, requests, launcher }: SuperviseThreadData,
  session: Session,
  driver: Driver,
): Promise<void> {
  const mailbox = new Mailbox(block, requests, session, driver, say);
  armDoorbell();
  Atomics.store(block, cells.supervisorTid, currentThread());
  const { landlock, mitigations } = session;
  const { openFiles } = driver;
  launcher.postMessage({ landlock, sensor: plan.sensor, openFiles, mitigations } satisfies LaunchOrder);
  publish(block, cells.ready, plan.adopt === undefined ? 1 : -1);
  say({ kind: "ready" });
  const sensor = started(driver, session);
  if (sensor === undefined) return session.neverRan();
  session.attach(sensor);
  while (driver.run(() => mailbox.answer()) === "stopped" && mailbox.hasUnanswered) await mailbox.answerRest();
  const kernel = driver.end();
  mailbox.answer();
  session.ending();
  const findings = session.finish(kernel);
  for (const departures of session.departuresInPages()) say({ kind: "departures", departures });
  session.close();
  say({ kind: "ended", findings });
  driver.close();
}

/** A sensor that cannot be made has decided about nothing. */
function started(driver: Driver, session: Session): ReturnType<Driver["start"]> {
  try {
    return driver.start();
  } catch (fault) {
    session.neverRan();
    throw fault;
  }
}

async function driverOf(plan: Plan, block: ControlBlock, session: Session): Promise<Driver> {
  if (plan.sensor === "seccomp") return new SeccompDriver(plan, block, session);
  const { BpfDriver } = await import("./drivers/bpf.ts");
  return new BpfDriver(plan, block, session, say);
}

const data = workerData as SuperviseThreadData;
parentPort?.once("message", (plan: Plan) => {
  run(plan, data).catch((fault: unknown) => {
    const code = fault instanceof IsolineError ? fault.code : "internal";
    say({ kind: "failed", code, message: fault instanceof Error ? fault.message : String(fault) });
    publish(data.block, cells.ready, -1);
  });
});
