/** Python's own test modules, outside and inside, test by test. */
import { mkdtempSync, readFileSync, rmSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runWorkload } from "./workload.mjs";

export const python = "/usr/bin/python3.13";
const runner = fileURLToPath(new URL("python-tests.py", import.meta.url));

/** How often a module continues after a test that hung or ended the interpreter. */
const RESTARTS = 12;

/**
 * @typedef {object} ModuleOutcome
 * @property {import("./comparison.mjs").Tests} tests
 * @property {readonly string[]} losses
 * @property {number} left
 * @property {number} seconds
 * @property {string} output
 */

/**
 * @param {readonly string[]} names modules, classes or tests of Python's `test` package
 * @param {{ side: import("./workload.mjs").Side, uid: number | undefined, secondsEach: number, seconds: number,
 *   prepare?: readonly string[] }} options
 * @returns {Promise<ModuleOutcome>}
 */
export async function runPython(names, { side, uid, secondsEach, seconds, prepare = [] }) {
  const place = mkdtempSync(join(tmpdir(), "foreign-notes-"));
  chmodSync(place, 0o777);
  const notes = join(place, "notes");
  /** @type {ModuleOutcome} */
  const all = { tests: new Map(), losses: [], left: 0, seconds: 0, output: "" };
  try {
    for (let runs = 0; runs <= RESTARTS; runs++) {
      const outcome = await runWorkload({
        command: [...prepare, python, runner, notes, String(secondsEach), ...names],
        side,
        uid,
        seconds,
      });
      all.losses = [...all.losses, ...outcome.losses];
      all.left += outcome.left;
      all.seconds += outcome.seconds;
      all.output += outcome.output;
      const finished = readNotes(notes, all.tests);
      if (finished) return all;
    }
    return all;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** @param {string} file @param {ModuleOutcome["tests"]} tests @returns {boolean} whether the runner reached its end */
function readNotes(file, tests) {
  let finished = false;
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return false;
  }
  for (const line of text.split("\n")) {
    const [word = "", id = "", ...why] = line.split(" ");
    if (word === "finished") finished = true;
    else if (word === "begun" && !tests.has(id)) tests.set(id, { word: "hung or crashed", why: "" });
    else if (word !== "begun" && word !== "" && tests.get(id)?.word !== "failed")
      tests.set(id, { word, why: why.join(" ") });
  }
  return finished;
}

/** Modules that test the system; those that need a network, a display or hours are left out. */
export const pythonModules = `
  test_os test_posix test_posixpath test_genericpath test_stat test_pathlib test_shutil test_tempfile test_glob test_filecmp test_fileinput
  test_file test_fileio test_io test_mmap test_fcntl test_ioctl test_tty test_pty test_readline test_getpass test_mailbox test_dbm test_sqlite3
  test_zipfile test_tarfile test_subprocess test_popen test_fork1 test_wait3 test_wait4 test_signal test_threadsignals test_eintr test_file_eintr
  test_faulthandler test_threading test_thread test_interpreters test_socket test_select test_selectors test_poll test_epoll test_ssl
  test_httpservers test_urllib2_localnet test_ftplib test_smtplib test_imaplib test_poplib test_logging test_syslog test_resource test_platform
  test_uuid test_sys test_atexit test_audit test_gc test_runpy test_cmd_line test_cmd_line_script test_import test_importlib test_py_compile
  test_compileall test_venv test_regrtest test_pdb test_multiprocessing_main_handling test_multiprocessing_fork.test_misc
  test_multiprocessing_fork.test_threads test_multiprocessing_fork.test_processes test_multiprocessing_spawn.test_misc
  test_concurrent_futures.test_process_pool test_concurrent_futures.test_init test_concurrent_futures.test_shutdown
  test_concurrent_futures.test_deadlock test_concurrent_futures.test_wait test_asyncio.test_subprocess test_asyncio.test_unix_events
  test_asyncio.test_events test_asyncio.test_streams test_asyncio.test_server test_asyncio.test_sock_lowlevel test_asyncio.test_sendfile
  test_asyncio.test_base_events test_asyncio.test_runners
`
  .trim()
  .split(/\s+/);
