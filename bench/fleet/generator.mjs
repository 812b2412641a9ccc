/** A process that is the load of many nodes. It does what its parent asks, and answers with figures. */
import { Load } from "./load.mjs";

/** @type {Load | undefined} */
let load;
let before = process.cpuUsage();

/** @type {Readonly<Record<string, (told: any) => unknown>>} */
const acts = {
  start: (order) => {
    load = new Load(order);
    void load.run();
  },
  /** Figures count from here. */
  begin: () => {
    before = process.cpuUsage();
    load?.begin();
  },
  countAnew: () => load?.countAnew(),
  attestedNodes: () => load?.attestedNodes,
  tally: () => ({ ...load?.tally, processor: process.cpuUsage(before) }),
  acknowledged: () => load?.acknowledged,
  pause: (isPaused) => load?.pause(isPaused),
  stop: () => load?.stop(),
};

process.on("message", (/** @type {{ id: number, act: string, told: unknown }} */ { id, act, told }) => {
  void Promise.resolve(acts[act]?.(told)).then((answer) => process.send?.({ id, answer }));
});
process.on("disconnect", () => process.exit());
