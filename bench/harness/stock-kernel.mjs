/** The virtual machine of the tests (test/vm/machine), for benchmarks. It is TypeScript, which Node 20 cannot run. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { repository } from "../../tools/run.mjs";

/**
 * @param {string} scratch a folder for the compiled copy
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
        // A module finds the files beside it by its own path, even in the compiled copy.
        transform: (code, id) => code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  const file = join(scratch, `${name}.mjs`);
  await build.write({ file, format: "esm" });
  await build.close();
  return await import(pathToFileURL(file).href);
}
