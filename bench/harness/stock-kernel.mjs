/** The virtual machine of the tests (test/vm/machine), for benchmarks: it is TypeScript, which not every Node reads. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { repository } from "../../tools/run.mjs";

/**
 * @param {string} scratch where a packed copy may lie
 * @returns {Promise<typeof import("../../test/vm/machine/machine.ts") & typeof import("../../test/vm/machine/machines.ts")>}
 */
export async function machineModule(scratch) {
  return { ...(await packed("machine", scratch)), ...(await packed("machines", scratch)) };
}

/** @param {string} name @param {string} scratch */
async function packed(name, scratch) {
  const build = await rolldown({
    input: join(repository, `test/vm/machine/${name}.ts`),
    platform: "node",
    plugins: [
      {
        name: "own-places",
        // Files beside a module are found by the module's own place, wherever it is packed.
        transform: (code, id) => code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  const file = join(scratch, `${name}.mjs`);
  await build.write({ file, format: "esm" });
  await build.close();
  return await import(pathToFileURL(file).href);
}
