/** Measured boot: what firmware, boot loader and kernel say they measured, and the registers that follow. */
export {
  type BootEvent,
  type BootLog,
  NO_ACTION,
  parseBootLog,
  replayBootLog,
  typeName,
  typeNamed,
} from "./event-log.ts";
export { type ImaEnd, type ImaReplay, replayImaList } from "./ima-list.ts";
export { KERNEL_REGISTER, measuredSections, MOST_KERNEL_IMAGE_BYTES, predictedPcr11 } from "./unified-kernel.ts";
