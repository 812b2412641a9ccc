/** The virtual machine of the tests (test/vm/machine), for benchmarks. */
import { testModule } from "./test-module.mjs";

/**
 * @param {string} scratch a folder for the compiled copy
 * @returns {Promise<typeof import("../../test/vm/machine/machine.ts") & typeof import("../../test/vm/machine/machines.ts")>}
 */
export async function machineModule(scratch) {
  return {
    ...(await testModule("vm/machine/machine", scratch)),
    ...(await testModule("vm/machine/machines", scratch)),
  };
}
