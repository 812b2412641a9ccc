/** Operations on files by name, done the same way outside Landlock and under it. Each returns "ok" or its error. */
import * as fs from "node:fs";
import { spawnSync } from "node:child_process";
import { connect, createServer } from "node:net";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = fs.constants;

/** @param {string} path @param {number} flags */
function opened(path, flags) {
  const fd = fs.openSync(path, flags, 0o644);
  fs.closeSync(fd);
}

/** @type {Readonly<Record<string, (...names: any[]) => unknown>>} */
const operations = {
  read: (path) => opened(path, O_RDONLY),
  write: (path) => opened(path, O_WRONLY),
  append: (path) => opened(path, O_WRONLY | O_APPEND),
  overwrite: (path) => opened(path, O_RDWR | O_TRUNC),
  create: (path) => opened(path, O_RDWR | O_CREAT | O_EXCL),
  /** Opens for writing, then shortens through the descriptor. */
  shorten: (path) => {
    const fd = fs.openSync(path, O_WRONLY);
    try {
      fs.ftruncateSync(fd, 0);
    } finally {
      fs.closeSync(fd);
    }
  },
  find: (path, pattern) => new RegExp(pattern).exec(fs.readFileSync(path, "utf8"))?.[1],
  list: (path) => {
    fs.readdirSync(path);
  },
  mkdir: (path) => fs.mkdirSync(path),
  rmdir: (path) => fs.rmdirSync(path),
  unlink: (path) => fs.unlinkSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => fs.linkSync(from, to),
  symlink: (content, path) => fs.symlinkSync(content, path),
  run: (command, args, options = {}) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "latin1", ...options });
    if (error) throw error;
    return `${status} ${stdout}${stderr}`.trim();
  },
  signal: (pid, signal) => process.kill(pid, signal),
  connect: (to) =>
    new Promise((resolve, reject) => {
      const socket = connect(to, () => {
        socket.destroy();
        resolve(undefined);
      });
      socket.on("error", reject);
    }),
  listen: (on) =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.on("error", reject);
      server.listen(on, () => server.close(() => resolve(undefined)));
    }),
};

/**
 * Does one operation.
 *
 * @param {readonly [name: string, ...rest: unknown[]]} step @returns {Promise<string>} "ok", what it said, or an error code
 */
export async function perform([name, ...rest]) {
  try {
    return (await operations[name]?.(...rest))?.toString() ?? "ok";
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
  }
}
