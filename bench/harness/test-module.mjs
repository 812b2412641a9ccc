/** Modules of the tests, for benchmarks. They are TypeScript, which Node 20 cannot run. */
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { repository } from "../../tools/run.mjs";

/**
 * The exports of a module under `test/`.
 *
 * @param {string} path below `test/`, without its ending @param {string} scratch a folder for the compiled copy
 * @returns {Promise<any>}
 */
export async function testModule(path, scratch) {
  const build = await rolldown({
    input: join(repository, `test/${path}.ts`),
    platform: "node",
    logLevel: "silent",
    plugins: [
      {
        name: "own-places",
        // A module finds the files beside it by its own path, even in the compiled copy.
        transform: (code, id) => code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  const file = join(scratch, `${basename(path)}.mjs`);
  await build.write({ file, format: "esm", codeSplitting: false });
  await build.close();
  return await import(pathToFileURL(file).href);
}
