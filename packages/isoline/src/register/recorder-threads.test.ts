import { EventEmitter } from "node:events";
import { beforeEach, expect, it, vi } from "vitest";
import { RecorderThreads } from "./recorder-threads.ts";

const started: EventEmitter[] = [];
vi.mock("node:worker_threads", async (original) => ({
  ...(await original<typeof import("node:worker_threads")>()),
  Worker: class extends EventEmitter {
    constructor() {
      super();
      started.push(this);
    }
    postMessage = () => undefined;
    unref = () => undefined;
  },
}));
beforeEach(() => {
  started.length = 0;
});

const at = (address: string, pcr = 13) => ({ address, ledger: "/ledger", pcr });

it("one thread speaks to a TPM, for all namespaces that are recorded there", () => {
  const threads = new RecorderThreads();
  const ports = [at("/dev/tpmrm0"), at("/dev/tpmrm0", 14), at("unix:/tpm"), at("/dev/tpmrm0")].map((plan) =>
    threads.connect(plan),
  );
  for (const port of ports) port.close();
  expect([started.length, new Set(ports).size]).toEqual([2, 4]);
});

it("after a thread that was lost, the next namespace has another", () => {
  const threads = new RecorderThreads();
  threads.connect(at("/dev/tpmrm0")).close();
  const [lost] = started;
  lost?.emit("error", new Error("out of memory"));
  threads.connect(at("/dev/tpmrm0")).close();
  // The end of the one that was lost is told after its fault.
  lost?.emit("exit", 1);
  threads.connect(at("/dev/tpmrm0")).close();
  expect(started).toHaveLength(2);
});
