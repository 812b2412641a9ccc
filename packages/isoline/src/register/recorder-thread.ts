/**
 * The thread that owns the way to the TPM. Its items are recorded in their order; the supervising thread waits for those that have to be
 * recorded before a call goes ahead. After a failure it tries again, from the same item on, for as long as it exists: four times a second
 * while the supervising thread may wait for that item, and then each second.
 */
import { setTimeout } from "node:timers/promises";
import { type MessagePort, workerData } from "node:worker_threads";
import { IsolineError } from "@isoline/core/error";
import { type Beginning, HostRegisters, type Registered, type Told } from "./host-registers.ts";
import type { TpmPlan } from "./plan.ts";
import { DONE, IN_ALL, OF_NAME, TURN } from "./recorder-words.ts";

export interface RecorderThreadData {
  readonly plan: TpmPlan;
  readonly patienceMs: number;
  readonly port: MessagePort;
  readonly words: Int32Array<SharedArrayBuffer>;
}

export type RecorderOrder =
  | { readonly begin: Beginning; readonly life: string }
  | { readonly item: Told; readonly number: number }
  | { readonly close: true };

export type RecorderAnswer = { readonly registered: Registered } | { readonly code: string; readonly message: string };

/** An item, and the number of the last order that it stands for. */
interface Item {
  told: Told;
  through: number;
}

const SOON_MS = 250;
/** How often it tries again so soon: for somewhat less than the supervising thread waits. */
const MOST_SOON = 10;
const RETRY_MS = 1000;
const MOST_WAITING = 10_000;
/** Stands for each item that came when so many waited. */
const TOO_MUCH: Told = { kind: "loss", reason: "more happened than could wait for the TPM", count: 1 };

const { plan, patienceMs, port, words } = workerData as RecorderThreadData;
const registers = new HostRegisters(plan, patienceMs);
const waiting: Item[] = [];
let registered: Registered | undefined;
let isRunning = false;
let isClosing = false;

port.on("message", (order: RecorderOrder) => {
  if ("begin" in order) void begin(order.begin, order.life);
  else if ("close" in order) close();
  else {
    enqueue(order.item, order.number);
    if (!isRunning) void run();
  }
});

async function begin(about: Beginning, life: string): Promise<void> {
  try {
    registered = await registers.begin(about, life);
    tellCounts(registered);
    port.postMessage({ registered } satisfies RecorderAnswer);
  } catch (fault) {
    port.postMessage(said(fault));
  }
}

/** While nothing is taken, losses for the same reason become one, so that what waits does not grow with them. */
function enqueue(told: Told, number: number): void {
  const waits = waiting.length < MOST_WAITING ? told : TOO_MUCH;
  // The first is being recorded.
  const same = waiting.find((each, index) => index > 0 && isSameLoss(each.told, waits));
  if (same?.told.kind !== "loss" || waits.kind !== "loss") {
    waiting.push({ told: waits, through: number });
    return;
  }
  same.told = { ...same.told, count: same.told.count + waits.count };
  (waiting.at(-1) as Item).through = number;
}

function isSameLoss(one: Told, other: Told): boolean {
  return one.kind === "loss" && other.kind === "loss" && one.reason === other.reason;
}

async function run(): Promise<void> {
  isRunning = true;
  let failures = 0;
  for (let item = waiting[0]; item !== undefined; item = waiting[0]) {
    try {
      if (registered !== undefined) {
        await registers.record(registered, item.told);
        tellCounts(registered);
      }
      waiting.shift();
      failures = 0;
      Atomics.store(words, DONE, item.through);
      tell();
    } catch (fault) {
      port.postMessage(said(fault));
      failures += 1;
      await setTimeout(failures <= MOST_SOON ? SOON_MS : RETRY_MS);
    }
  }
  isRunning = false;
  if (isClosing) close();
}

function tellCounts(of: Registered): void {
  const { ofName, inAll } = registers.has(of);
  for (const what of ["departures", "losses"] as const) {
    Atomics.store(words, OF_NAME[what], ofName[what]);
    Atomics.store(words, IN_ALL[what], inAll[what]);
  }
}

function tell(): void {
  Atomics.add(words, TURN, 1);
  Atomics.notify(words, TURN);
}

/** What waits is recorded before, for as long as this thread goes on. */
function close(): void {
  isClosing = true;
  if (isRunning) return;
  registers.close();
  port.close();
}

function said(fault: unknown): RecorderAnswer {
  const message = fault instanceof Error ? fault.message : String(fault);
  return { code: fault instanceof IsolineError ? fault.code : "internal", message };
}
