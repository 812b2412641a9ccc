/** Builds and suites that find what the run before left: make, Python, npm, a static site. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { command, files, numbers, story } from "./script.mjs";

/** @typedef {import("./script.mjs").Varying} Varying */

/** @type {Varying} */
export const make = {
  name: "make",
  says: "make with objects that stay: one to three of ten sources are edited, and the program that was built is run",
  programs: ["make", "cc"],
  keeps: true,
  presets: ["make"],
  command,
  prepare(cwd) {
    files(cwd, {
      ...Object.fromEntries(numbers(10).map((n) => [`u${n}.c`, `int u${n}(void) { return ${n}; }\n`])),
      "main.c": `${numbers(10)
        .map((n) => `int u${n}(void);`)
        .join("\n")}\nint main(void) { return u1() - 1; }\n`,
      Makefile: `objects = main.o ${numbers(10)
        .map((n) => `u${n}.o`)
        .join(" ")}
all: program
program: $(objects)
\tcc -o $@ $(objects)
%.o: %.c
\tcc -c -o $@ $<
clean:
\trm -f program $(objects)
`,
    });
    story(
      cwd,
      `
set -e
if chance 8; then make -s clean; fi
for ((n = RANDOM % 3; n >= 0; n--)); do echo "static int x$RUN$n;" >> u$((2 + RANDOM % 9)).c; done
if chance 5; then echo '/* */' >> main.c; fi
make -s
./program`,
    );
  },
};

/** @type {Varying} */
export const python = {
  name: "python suite",
  says: "unittest over a drawn half of twelve modules, with compiled files that stay; now and then a source is edited",
  programs: ["/usr/bin/python3"],
  keeps: true,
  command,
  prepare(cwd) {
    const bodies = [
      "import json; self.assertEqual(json.loads('[1]'), [1])",
      "import tempfile, os; f = tempfile.NamedTemporaryFile(); f.write(b'x'); f.flush(); self.assertTrue(os.path.exists(f.name))",
      "import sqlite3; c = sqlite3.connect(':memory:'); c.execute('create table t(x)')",
      "import subprocess; self.assertEqual(subprocess.check_output(['echo', 'hi']), b'hi\\n')",
      "import csv, io; self.assertEqual(next(csv.reader(io.StringIO('a,b'))), ['a', 'b'])",
      "import tempfile, shutil; d = tempfile.mkdtemp(); open(d + '/report.txt', 'w').close(); shutil.rmtree(d)",
      "import decimal; self.assertEqual(decimal.Decimal('1') + 1, 2)",
      "import email.message; m = email.message.EmailMessage(); m['To'] = 'a@example.org'; self.assertIn('To', m)",
      "import zipfile, io; zipfile.ZipFile(io.BytesIO(), 'w').writestr('a', 'b')",
      "import socket; a, b = socket.socketpair(); a.send(b'x'); self.assertEqual(b.recv(1), b'x'); a.close(); b.close()",
      "import pathlib; p = pathlib.Path('cache'); p.mkdir(exist_ok=True); (p / self.id().split('.')[-1]).write_text('x')",
      "import xml.dom.minidom as m; self.assertTrue(m.parseString('<a/>'))",
    ];
    files(cwd, {
      "lib/__init__.py": "",
      ...Object.fromEntries(numbers(12).map((n) => [`lib/part${n}.py`, `def value():\n    return ${n}\n`])),
      ...Object.fromEntries(
        bodies.map((body, at) => [
          `test_${at + 1}.py`,
          `import unittest\nfrom lib import part${at + 1}\nclass Test(unittest.TestCase):\n    def test_it(self):\n        ${body}\n`,
        ]),
      ),
    });
    story(
      cwd,
      `
chosen=
for ((n = 1; n <= 12; n++)); do if chance 2; then chosen="$chosen test_$n"; fi; done
if chance 4; then echo "# $RUN" >> lib/part$((1 + RANDOM % 12)).py; fi
exec /usr/bin/python3 -m unittest -q test_1 $chosen 2> /dev/null`,
    );
  },
};

/** @type {Varying} */
export const npm = {
  name: "npm",
  says: "npm without a network: one of six packed packages is installed or removed, then `npm test`; cache and modules stay",
  programs: ["npm", "node"],
  keeps: true,
  presets: ["npm"],
  command,
  prepare(cwd, home) {
    for (const n of numbers(6)) {
      const folder = join(cwd, "packages", `part${n}`);
      files(folder, {
        "package.json": JSON.stringify({ name: `part${n}`, version: `1.0.${n}`, main: "index.js" }),
        "index.js": `module.exports = ${n};\n`,
        [`lib/more${n}.js`]: "module.exports = 1;\n",
      });
      execFileSync("tar", ["-czf", join(cwd, `part${n}.tgz`), "--transform", `s,^part${n},package,`, `part${n}`], {
        cwd: join(cwd, "packages"),
      });
    }
    files(cwd, {
      "package.json": JSON.stringify({ name: "app", version: "1.0.0", scripts: { test: "node test.js" } }),
      "test.js": `const fs = require("node:fs");
for (const name of fs.existsSync("node_modules") ? fs.readdirSync("node_modules") : []) if (!name.startsWith(".")) require(name);
`,
    });
    files(home, { ".npmrc": "offline=true\naudit=false\nfund=false\nupdate-notifier=false\n" });
    story(
      cwd,
      `
set -e
exec > /dev/null
pick install install install remove clean
case $PICKED in
  install) npm install ./part$((1 + RANDOM % 6)).tgz ;; remove) npm uninstall part$((1 + RANDOM % 6)) ;;
  clean) rm -rf node_modules; npm install ;;
esac
npm test`,
    );
  },
};

/** @type {Varying} */
export const site = {
  name: "static site",
  says: "a site is built again after drawn pages changed or came; assets are named after their content, old ones are removed",
  programs: ["node"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, {
      ...Object.fromEntries(numbers(10).map((n) => [`pages/page${n}.md`, `# Page ${n}\n\ntext\n`])),
      "style/main.css": "body { color: black }\n",
      "build.js": `const fs = require("node:fs"), crypto = require("node:crypto");
fs.mkdirSync("public/assets", { recursive: true });
const kept = new Set();
for (const name of fs.readdirSync("style")) {
  const text = fs.readFileSync("style/" + name);
  const hashed = name.replace(".css", "." + crypto.createHash("sha256").update(text).digest("hex").slice(0, 8) + ".css");
  kept.add(hashed);
  if (!fs.existsSync("public/assets/" + hashed)) fs.writeFileSync("public/assets/" + hashed, text);
}
for (const name of fs.readdirSync("public/assets")) if (!kept.has(name)) fs.unlinkSync("public/assets/" + name);
for (const name of fs.readdirSync("pages")) {
  const out = "public/" + name.replace(".md", ".html");
  if (fs.existsSync(out) && fs.statSync(out).mtimeMs > fs.statSync("pages/" + name).mtimeMs) continue;
  fs.writeFileSync(out + ".new", "<h1>" + fs.readFileSync("pages/" + name, "utf8"));
  fs.renameSync(out + ".new", out);
}
fs.writeFileSync("public/index.html", fs.readdirSync("public").join());
`,
    });
    story(
      cwd,
      `
for ((n = RANDOM % 3; n >= 0; n--)); do echo "more $RANDOM" >> pages/page$((1 + RANDOM % 10)).md; done
if chance 3; then echo "# New" > pages/2026-$((10 + RANDOM % 3))-$((10 + RANDOM % 18))-note.md; fi
if chance 3; then echo "p { width: $RANDOM }" >> style/main.css; fi
if chance 6; then rm -rf public; fi
node build.js`,
    );
  },
};
