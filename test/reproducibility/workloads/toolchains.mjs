/** Toolchains with caches, threads and random names. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { searchPath } from "../place.mjs";

/** @typedef {import("../place.mjs").Workload} Workload */

/** @param {string} cwd @param {Readonly<Record<string, string>>} files */
function write(cwd, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
}

/** No downloads and no telemetry. */
const GO = { GOTOOLCHAIN: "local", GOPROXY: "off", GOTELEMETRY: "off", GOFLAGS: "-trimpath -mod=mod" };

/** @type {Workload} */
export const go = {
  name: "go",
  says: "go builds a program of two packages on a cache that has the standard library, runs it, tests it, and builds it again after a change",
  programs: ["go"],
  prepare(cwd, home) {
    write(cwd, {
      "go.mod": "module example.org/tiny\n\ngo 1.21\n",
      "main.go":
        'package main\n\nimport (\n\t"fmt"\n\t"example.org/tiny/part"\n)\n\nfunc main() { fmt.Println(part.Double(21)) }\n',
      "part/part.go": "package part\n\nfunc Double(x int) int { return 2 * x }\n",
      "part/part_test.go":
        'package part\n\nimport "testing"\n\nfunc TestDouble(t *testing.T) {\n\tif Double(2) != 4 {\n\t\tt.Fail()\n\t}\n}\n',
      "story.sh":
        "set -e\ngo build -o tiny . && ./tiny\ngo test ./part\necho '// more' >> part/part.go\ngo build -o tiny . && ./tiny\ngo vet ./...\n",
    });
    const env = { PATH: searchPath, HOME: home, ...GO };
    execFileSync("go", ["build", "fmt", "testing"], { cwd, env });
    execFileSync("go", ["test", "./part"], { cwd, env, stdio: "ignore" });
    execFileSync("go", ["clean", "-testcache"], { cwd, env });
  },
  command: ["sh", "story.sh"],
  environment: () => GO,
};

/** @type {Workload} */
export const ruby = {
  name: "ruby",
  says: "ruby: Tempfile and mktmpdir, threads, a forked child on a pipe, a socket server, FileUtils, PStore",
  programs: ["ruby"],
  prepare(cwd) {
    write(cwd, {
      "story.rb": `require "tempfile"; require "tmpdir"; require "socket"; require "fileutils"; require "pstore"
Tempfile.create("part") { |file| file.puts 1; file.flush; raise unless File.read(file.path) == "1\\n" }
kept = Tempfile.new(["report", ".csv"]); kept.puts "a,b"; kept.close; FileUtils.cp(kept.path, "report.csv"); kept.unlink
Dir.mktmpdir { |dir| 4.times.map { |n| Thread.new { File.write(File.join(dir, "t#{n}"), n) } }.each(&:join) }
reader, writer = IO.pipe
child = fork { reader.close; writer.puts IO.popen(["sort"], "r+") { |sort| sort.puts "b", "a"; sort.close_write; sort.read } }
writer.close; raise unless reader.read == "a\\nb\\n"; Process.wait child
server = TCPServer.new("127.0.0.1", 0)
thread = Thread.new { 3.times { client = server.accept; client.puts client.gets.upcase; client.close } }
3.times { client = TCPSocket.new("127.0.0.1", server.addr[1]); client.puts "hi"; raise unless client.gets == "HI\\n"; client.close }
thread.join
store = PStore.new("store"); store.transaction { store[:n] = 1 }; store.transaction { store[:n] += 1 }
FileUtils.mkdir_p "a/b"; FileUtils.ln_s "b", "a/c"; FileUtils.rm_rf "a"
`,
    });
  },
  command: ["ruby", "story.rb"],
};

/** @type {Workload} */
export const java = {
  name: "java",
  says: "javac compiles two classes, jar packs them, java runs them with threads, temporary files and a child",
  programs: ["javac", "java", "jar"],
  prepare(cwd) {
    write(cwd, {
      "Main.java": `import java.io.*; import java.nio.file.*; import java.util.concurrent.*;
public class Main {
  public static void main(String[] args) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    for (int n = 0; n < 20; n++) { final int m = n; pool.submit(() -> { Path p = Files.createTempFile("part", ".txt"); Files.writeString(p, "" + m); Files.delete(p); return null; }); }
    pool.shutdown(); pool.awaitTermination(20, TimeUnit.SECONDS);
    Process child = new ProcessBuilder("sort", "in").directory(new File(".")).start();
    if (!new String(child.getInputStream().readAllBytes()).equals("a\\nb\\n")) System.exit(1);
    File file = File.createTempFile("whole", null); file.deleteOnExit();
    System.out.println(Part.twice(21));
  }
}
`,
      "Part.java": "class Part { static int twice(int x) { return 2 * x; } }\n",
      in: "b\na\n",
      "story.sh":
        "set -e\nmkdir classes\njavac -J-XX:-UsePerfData -d classes Main.java Part.java\njar -J-XX:-UsePerfData --create --file app.jar --main-class Main -C classes .\njava -XX:-UsePerfData -jar app.jar\n",
    });
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const pip = {
  name: "pip",
  says: "python3 makes a virtual environment; pip installs a wheel into it from a directory, lists it and removes it again",
  programs: ["/usr/bin/python3", "zip"],
  prepare(cwd) {
    const info = "tiny-1.0.dist-info";
    const unpacked = join(cwd, ".wheel");
    write(unpacked, {
      "tiny.py": "def double(x):\n    return 2 * x\n",
      [`${info}/METADATA`]: "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
      [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
      [`${info}/RECORD`]: `tiny.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
    });
    mkdirSync(join(cwd, "wheels"));
    execFileSync("zip", ["-qr", join(cwd, "wheels/tiny-1.0-py3-none-any.whl"), "."], { cwd: unpacked });
    write(cwd, {
      "story.sh":
        "set -e\n/usr/bin/python3 -m venv env\nenv/bin/python -m pip -q install --no-index --find-links wheels tiny\nenv/bin/python -c 'import tiny; print(tiny.double(21))'\nenv/bin/python -m pip list --format freeze >/dev/null\nenv/bin/python -m pip -q uninstall -y tiny\n",
    });
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const packaging = {
  name: "dpkg-deb",
  says: "a Debian package is built under fakeroot, its fields and files are listed, and it is unpacked",
  programs: ["dpkg-deb", "fakeroot"],
  prepare(cwd) {
    write(cwd, {
      "tiny/DEBIAN/control":
        "Package: tiny\nVersion: 1.0\nArchitecture: all\nMaintainer: Ann <ann@example.org>\nDescription: tiny\n",
      "tiny/usr/share/tiny/data": "data\n".repeat(1000),
      "story.sh":
        "set -e\nchmod -R go-w,a+rX tiny\nfakeroot dpkg-deb -b tiny tiny.deb >/dev/null\ndpkg-deb -f tiny.deb Package; dpkg-deb -c tiny.deb | wc -l\ndpkg-deb -x tiny.deb out; cmp tiny/usr/share/tiny/data out/usr/share/tiny/data\n",
    });
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const documents = {
  name: "groff and jq",
  says: "groff sets a page, man shows it, jq and bc compute, tclsh writes what comes of it to temporary files",
  programs: ["groff", "jq", "bc", "tclsh", "man"],
  prepare(cwd) {
    write(cwd, {
      "tiny.1": ".TH TINY 1\n.SH NAME\ntiny \\- does little\n.TS\nl l.\na\tb\n.TE\n",
      "data.json": '[{"n":1},{"n":2},{"n":3}]',
      "temporary.tcl":
        "foreach n {1 2 3} { set handle [file tempfile name part.txt]; puts $handle $n; close $handle; puts [exec cat $name]; file delete $name }\n",
      "story.sh":
        'set -e\ngroff -t -man -Tps tiny.1 > tiny.ps; groff -man -Tutf8 tiny.1 >/dev/null; man -l tiny.1 >/dev/null\nsum=$(jq "map(.n) | add" data.json); test "$(echo "$sum * 7" | bc)" = 42\ntclsh temporary.tcl\n',
    });
  },
  command: ["sh", "story.sh"],
};
