/** Measured boot: what firmware and boot loader say they measured, and the registers that follow. */
export { type BootEvent, type BootLog, eventTypes, parseBootLog, replayBootLog } from "./event-log.ts";
