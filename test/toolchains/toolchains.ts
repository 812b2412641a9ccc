/** One project for each toolchain: files, how it is built, and an edit of one of its sources. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

export interface Toolchain {
  readonly preset: string;
  readonly needs: readonly string[];
  /** Longer than some seconds: under CI only. */
  readonly isSlow?: true;
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly build: string;
  readonly edit: { readonly name: string; readonly text: string };
}

const C = {
  "util.c": "int twice(int x) { return 2 * x; }\n",
  "main.c": '#include <stdio.h>\nint twice(int);\nint main(void) { printf("%d\\n", twice(21)); return 0; }\n',
};
const EDITED_C = { name: "util.c", text: "int more(void) { return 1; }\nint twice(int x) { return x + x; }\n" };

/** rustup keeps its programs in the home of the user who installed it. */
const CARGO_HOME = process.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
const RUSTUP_HOME = process.env["RUSTUP_HOME"] ?? join(homedir(), ".rustup");
const cargo = existsSync(join(CARGO_HOME, "bin/cargo")) ? join(CARGO_HOME, "bin") : "/usr/bin";
const beside = (directory: string) => `${directory}:${dirname(process.execPath)}:/usr/bin:/bin`;

export const toolchains: Readonly<Record<string, Toolchain>> = {
  make: {
    preset: "make",
    needs: ["make", "gcc"],
    files: {
      ...C,
      Makefile:
        "check: app notes\n\t./app\napp: main.o util.o\n\tgcc -o app main.o util.o\n%.o: %.c\n\tgcc -c -o $@ $<\nnotes: util.c\n\techo built > notes\n",
    },
    build: "make check",
    edit: EDITED_C,
  },
  git: {
    preset: "git",
    needs: ["git"],
    files: { "price.txt": "21\n" },
    // Git reads files again that are as young as its index, to the second.
    build:
      "test -d .git || git init -q -b main .; sleep 1.1; git add -A; for n in 1 2; do git commit -q --allow-empty -m $n; done; git log --stat > /dev/null",
    env: {
      GIT_AUTHOR_NAME: "A",
      GIT_AUTHOR_EMAIL: "a@example.org",
      GIT_COMMITTER_NAME: "A",
      GIT_COMMITTER_EMAIL: "a@example.org",
    },
    edit: { name: "price.txt", text: "42\n" },
  },
  pytest: {
    preset: "pytest",
    needs: ["/usr/bin/python3", "/usr/bin/pytest"],
    files: {
      "price.py": "def twice(x):\n    return 2 * x\n",
      "test_price.py":
        "from price import twice\n\n\ndef test_twice(tmp_path):\n    open('out.txt', 'w').write(str(twice(21)))\n    assert twice(21) == 42\n",
    },
    build: "python3 -m pytest -q",
    edit: { name: "price.py", text: "def twice(x):\n    return x + x\n" },
  },
  npm: {
    preset: "npm",
    needs: ["npm"],
    files: {
      "package.json": JSON.stringify({
        name: "shop",
        version: "1.0.0",
        scripts: { build: "node build.js" },
        dependencies: { price: "file:./price" },
      }),
      "price/package.json": JSON.stringify({ name: "price", version: "1.0.0", main: "index.js" }),
      "price/index.js": "exports.twice = (x) => 2 * x;\n",
      "build.js":
        'const { mkdirSync, writeFileSync } = require("node:fs");\nmkdirSync("dist", { recursive: true });\nwriteFileSync("dist/out.js", String(require("price").twice(21)));\n',
    },
    build: "npm install --offline --no-audit --no-fund && npm run build",
    edit: { name: "price/index.js", text: "exports.twice = (x) => x + x;\n" },
  },
  cargo: {
    preset: "cargo",
    needs: [join(cargo, "cargo"), "gcc"],
    isSlow: true,
    env: { PATH: beside(cargo), CARGO_HOME, RUSTUP_HOME },
    files: {
      "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
      "build.rs": 'fn main() { println!("cargo:rerun-if-changed=build.rs"); }\n',
      "src/main.rs":
        'fn twice(x: i32) -> i32 { 2 * x }\nfn main() { println!("{}", twice(21)); }\n#[test]\nfn is_twice() { assert_eq!(twice(21), 42); }\n',
    },
    build: "cargo build --offline && target/debug/shop && cargo test --offline",
    edit: {
      name: "src/main.rs",
      text: 'fn twice(x: i32) -> i32 { x + x }\nfn main() { println!("{}", twice(21)); }\n#[test]\nfn is_twice() { assert_eq!(twice(21), 42); }\n',
    },
  },
  go: {
    preset: "go",
    needs: ["go"],
    isSlow: true,
    env: { GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
    files: {
      "go.mod": "module example.com/shop\n\ngo 1.19\n",
      "price/price.go": "package price\n\nfunc Twice(x int) int { return 2 * x }\n",
      "price/price_test.go":
        'package price\n\nimport "testing"\n\nfunc TestTwice(t *testing.T) {\n\tif Twice(21) != 42 {\n\t\tt.Fatal()\n\t}\n}\n',
      "main.go": 'package main\n\nimport "example.com/shop/price"\n\nfunc main() { println(price.Twice(21)) }\n',
    },
    build: "go build -o shop . && ./shop && go test ./...",
    edit: { name: "price/price.go", text: "package price\n\nfunc Twice(x int) int { return x + x }\n" },
  },
};
