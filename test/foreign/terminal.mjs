/**
 * Users at a terminal: a shell with job control, Ctrl-C, Ctrl-Z, a window that changes its size, programs that draw. Each
 * session is typed into a tmux terminal, once bare and once inside; the screen must be the same.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isoline } from "./workload.mjs";

/**
 * A step: keys by their tmux names, or a new size, and what must be on the screen before the next step. In a session, `w`
 * stands for the prefix of a command: nothing, or isoline.
 *
 * @typedef {{ keys?: readonly string[], size?: readonly [number, number], until: RegExp }} Step
 * @typedef {{ name: string, steps: readonly Step[] }} Story
 */

/** @param {string} text @param {RegExp} until @returns {Step} */
const line = (text, until) => ({ keys: [text, "Enter"], until });
/** @param {string} name @param {RegExp} until @returns {Step} */
const key = (name, until) => ({ keys: [name], until });
const prompt = /\$ $/;
const shell = line("PS1='inside$ ' w bash --norc --noprofile -i", /\ninside\$ $/);
const status = line("echo status $?", /status \d+\n.*\$ $/);

/** @type {readonly Story[]} */
export const stories = [
  {
    name: "Ctrl-C ends the foreground command, and its status shows the signal",
    steps: [line("w sleep 100", /sleep 100/), pause(), key("C-c", /\^C\n\$ $/), status],
  },
  {
    name: "Ctrl-\\ quits it",
    steps: [line("ulimit -c 0; w sleep 100", /sleep 100/), pause(), key("C-\\", /Quit[^\n]*\n\$ $/), status],
  },
  {
    name: "Ctrl-Z stops a command, fg continues it",
    steps: [
      line("w sh -c 'echo here; read line; echo got $line'", /here\n/),
      key("C-z", /Stopped[^\n]*\n.*\$ $/),
      line("jobs", /Stopped[^\n]*\n[^$]*\$ jobs\n.*Stopped[^\n]*\n.*\$ $/),
      line("fg", /fg\nw sh[^\n]*\n$/),
      line("something", /got something\n.*\$ $/),
    ],
  },
  {
    name: "bg continues a command, kill ends it",
    steps: [
      line("w sleep 100", /sleep 100/),
      pause(),
      key("C-z", /Stopped[^\n]*\n.*\$ $/),
      line("bg", /sleep 100 &\n.*\$ $/),
      line("kill %1; wait %1; echo status $?", /status \d+\n.*\$ $/),
    ],
  },
  {
    name: "a program in the background that reads the terminal is stopped",
    steps: [
      line("w cat &", /\[1\][^\n]*\n.*\$ $/),
      pause(),
      line("jobs", /Stopped[^\n]*\n.*\$ $/),
      line("fg", /fg\nw cat\n$/),
      line("text", /text\ntext\n$/),
      key("C-d", prompt),
    ],
  },
  {
    name: "a shell inside has its own job control",
    steps: [
      shell,
      line("sleep 100", /sleep 100/),
      pause(),
      key("C-z", /Stopped[^\n]*\n.*inside\$ $/),
      line("sleep 200 & jobs", /Running[^\n]*\n.*inside\$ $/),
      line("kill %2; wait %2; fg", /fg\n(.*\n)*sleep 100\n$/),
      key("C-c", /\^C\n.*inside\$ $/),
      line("echo $?; exit 7", /exit\n.*\$ $/),
      line("echo status $?", /status 7\n.*\$ $/),
    ],
  },
  {
    name: "a program that handles SIGWINCH sees a new window size",
    steps: [
      shell,
      line("stty size; trap 'echo size $(stty size)' WINCH", /24 90\n.*inside\$ $/),
      { size: [100, 30], until: /size 30 100/ },
      line("stty size; exit", /30 100\n.*exit\n.*\$ $/),
    ],
  },
  {
    name: "less draws, scrolls and restores the screen",
    steps: [
      line("seq 300 > numbers; clear", /^\$ $/),
      line("w less numbers", /\n23\nnumbers/),
      key("Space", /\n46\n:/),
      key("G", /\n300\n\(END\)/),
      key("q", prompt),
      line("echo status $?", /status 0\n.*\$ $/),
    ],
  },
  {
    name: "vim edits",
    steps: [
      line("w vim -u NONE -i NONE -n edited", /~\n"edited" \[New File\]/),
      key("i", /^\n~/),
      key("some words", /^some words\n~/),
      key("Escape", /^some words\n~/),
      line(":wq", /\$ $/),
      line("clear; cat edited", /some words\n.*\$ $/),
      line("w vim -es -u NONE -i NONE -c '%s/some/other/' -c wq edited; cat edited", /other words\n.*\$ $/),
    ],
  },
  {
    name: "a password is not shown, and the terminal is as before",
    steps: [
      line("w bash -c 'read -rsp secret: s; echo; echo ${#s}'", /secret:$/),
      line("hidden", /6\n.*\$ $/),
      line("stty -a | grep -o -- '-\\?echo '", /\necho \n.*\$ $/),
    ],
  },
  {
    name: "Ctrl-D ends the input",
    steps: [
      line("w cat; echo status $?", /status \$\?\n$/),
      line("text", /text\ntext\n$/),
      key("C-d", /status 0\n.*\$ $/),
    ],
  },
  {
    name: "a terminal that hangs up ends the shell and its children",
    steps: [
      line(
        "w bash -c 'trap \"echo hung up > note; exit\" HUP; echo waiting; while :; do sleep 0.1; done'",
        /waiting\n$/,
      ),
      { keys: ["@close"], until: /hung up/ },
    ],
  },
];

/** A step without keys: it waits for a program whose start leaves no trace on the screen. @returns {Step} */
function pause() {
  return { keys: ["@wait"], until: /./ };
}

/** Types a session; returns the screen after each step. @param {Story} story @param {boolean} inside @returns {string[]} */
export function play(story, inside) {
  const directory = mkdtempSync(join(tmpdir(), "foreign-tty-"));
  const socket = join(directory, "tmux");
  const tmux = (/** @type {string[]} */ ...args) =>
    spawnSync("tmux", ["-S", socket, ...args], { encoding: "utf8", timeout: 10_000 });
  const screens = [];
  try {
    const place = join(directory, "place");
    spawnSync("mkdir", [place, join(directory, "bin")]);
    const narrow = join(directory, "narrow");
    if (inside) spawnSync(isoline, ["learn", "-q", "-o", narrow, "--", "/bin/true"]);
    writeFileSync(
      join(directory, "bin/w"),
      inside ? `#!/bin/sh\nexec '${isoline}' run -q '${narrow}' -- "$@"\n` : '#!/bin/sh\nexec "$@"\n',
      { mode: 0o755 },
    );
    writeFileSync(
      join(directory, "start"),
      `cd '${place}'; export PATH='${directory}/bin':/usr/bin:/bin PS1='begin$ ' TERM=screen LESS= LANG=C.UTF-8 HOME='${place}'; exec bash --norc --noprofile -i\n`,
    );
    const started = tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      "90",
      "-y",
      "24",
      "sh",
      join(directory, "start"),
    );
    if (started.status !== 0) throw new TypeError(`tmux did not start: ${started.stderr}`);
    tmux("set", "-g", "status", "off");
    tmux("resize-window", "-x", "90", "-y", "24");
    see(tmux, /begin\$ $/);
    tmux("send-keys", "PS1='$ '; clear", "Enter");
    see(tmux, /^\$ $/);
    for (const step of story.steps) {
      if (step.keys?.[0] === "@close") {
        tmux("kill-session");
        screens.push(seeFile(join(place, "note"), step.until));
        break;
      }
      if (step.keys?.[0] === "@wait") {
        spawnSync("sleep", ["1"]);
        continue;
      }
      if (step.size) tmux("resize-window", "-x", String(step.size[0]), "-y", String(step.size[1]));
      for (const each of step.keys ?? []) tmux("send-keys", each);
      screens.push(see(tmux, step.until));
    }
    return screens;
  } finally {
    tmux("kill-server");
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** @param {(...args: string[]) => { stdout: string }} tmux @param {RegExp} until */
function see(tmux, until) {
  let screen = "";
  for (let tries = 0; tries < 100; tries++) {
    screen = tmux("capture-pane", "-p", "-J")
      .stdout.replace(/\n+$/, "")
      .replace(/ +$/gm, (blank) => (blank.length > 1 ? "" : blank));
    if (until.test(screen) || until.test(`${screen}\n`)) return level(screen);
    spawnSync("sleep", ["0.1"]);
  }
  return `${level(screen)}\n[${until} never came]`;
}

/** @param {string} file @param {RegExp} until */
function seeFile(file, until) {
  let text = "";
  for (let tries = 0; tries < 100 && !until.test(text); tries++) {
    text = spawnSync("cat", [file], { encoding: "utf8" }).stdout;
    spawnSync("sleep", ["0.1"]);
  }
  return text;
}

/** Removes process numbers, which differ. @param {string} screen */
function level(screen) {
  return screen.replace(/^(\[\d+\][+-]? )\d+$/gm, "$1PID");
}
