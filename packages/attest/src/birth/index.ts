/** Registers in a TPM: born, extended, read, certified and removed. */
export {
  bear,
  certifyRegister,
  defineRegister,
  extendPcr,
  extendRegister,
  flushAll,
  isOutOfMemory,
  isRegisterThere,
  type Newborn,
  readPcrs,
  readRegister,
  removeEmptyRegisters,
  undefineRegister,
} from "./registers.ts";
