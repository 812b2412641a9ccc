/** Interpreters at their usual work: temporary files, children, sockets, threads. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("../place.mjs").Workload} Workload */

/** @type {Workload} */
export const shell = {
  name: "shell",
  says: "a shell test script: pipes, subshells, here-documents, temporary files, a background job, a trap",
  programs: ["sh", "mktemp", "sed", "awk"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "test.sh"),
      `set -e
dir=$(mktemp -d) && file=$(mktemp) && named=$(mktemp -t suite.XXXXXX)
trap 'rm -rf "$dir" "$file" "$named"' EXIT
seq 1 100 | sort -rn | head -5 | tee "$dir/top" | wc -l > "$file"
(cd "$dir"; for n in 1 2 3 4 5; do echo "$n" > "part.$n"; done; cat part.* | sort > all)
cat <<END | sed 's/a/b/' > "$named"
alpha $(cat "$file")
END
sed -i 's/b/c/' "$named"; grep -q clph "$named" || true
out=$(awk '{ s += $1 } END { print s }' "$dir/all"); test "$out" = 15
(sleep 0.2; echo late > "$dir/late") & wait $!
diff "$dir/late" - <<END
late
END
for n in 1 2 3; do t=$(mktemp); echo "$n" > "$t"; test -s "$t"; rm "$t"; done
find "$dir" -type f | sort | xargs cat > /dev/null
printf 'passed %s\\n' "$(ls "$dir" | wc -l)"
`,
    );
  },
  command: ["sh", "test.sh"],
};

/** @type {Workload} */
export const python = {
  name: "python3",
  says: "python3: tempfile, subprocess, a socket server in a thread, a thread pool, multiprocessing, sqlite, a compiled module",
  programs: ["/usr/bin/python3"],
  prepare(cwd) {
    writeFileSync(join(cwd, "helper.py"), "def double(x):\n    return 2 * x\n");
    writeFileSync(
      join(cwd, "story.py"),
      `import concurrent.futures, multiprocessing, os, shutil, socket, sqlite3, subprocess, sys, tempfile, threading
from helper import double

def serve(listener):
    for _ in range(5):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(100).upper())

def note(n):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(str(n)); file.flush()
        return int(open(file.name).read())

if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(listener,)); thread.start()
    for n in range(5):
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"hello"); assert client.recv(100) == b"HELLO"
    thread.join()
    with concurrent.futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(note, range(40))) == 780
    with multiprocessing.Pool(2) as pool: assert sum(pool.map(double, range(100))) == 9900
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "in"), "w") as file: file.write("b\\na\\n")
        out = subprocess.run(["sort", "in"], cwd=directory, capture_output=True, check=True).stdout
        assert out == b"a\\nb\\n"
        base = sqlite3.connect(os.path.join(directory, "x.db")); base.execute("create table t(x)"); base.commit(); base.close()
        shutil.make_archive(os.path.join(directory, "all"), "zip", ".")
    subprocess.run([sys.executable, "-c", "print(1)"], check=True, stdout=subprocess.DEVNULL)
    print("done")
`,
    );
  },
  command: ["/usr/bin/python3", "story.py"],
};

/** @type {Workload} */
export const perl = {
  name: "perl",
  says: "perl: File::Temp, pipes to and from children, a forked server on a Unix socket, in-place editing",
  programs: ["perl"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "story.pl"),
      `use strict; use warnings; use File::Temp qw(tempfile tempdir); use IO::Socket::UNIX; use File::Copy; use Digest::SHA qw(sha256_hex);
my $dir = tempdir(CLEANUP => 1);
my ($handle, $name) = tempfile(DIR => $dir, SUFFIX => '.dat'); print $handle "$_\\n" for 1 .. 50; close $handle;
open(my $sorted, '-|', 'sort', '-rn', $name) or die; my @lines = <$sorted>; close $sorted; die unless @lines == 50;
open(my $count, '|-', "wc -l > $dir/count") or die; print $count @lines; close $count;
my $path = "$dir/sock";
my $server = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die;
my $child = fork // die;
if (!$child) { my $client = IO::Socket::UNIX->new(Peer => $path) or die; print $client "hi\\n"; exit 0 }
my $connection = $server->accept; die unless <$connection> eq "hi\\n"; waitpid $child, 0;
copy($name, "$dir/copy"); move("$dir/copy", "result.dat");
{ local ($^I, @ARGV) = ('.bak', 'result.dat'); while (<>) { s/1/one/; print } }
local $SIG{ALRM} = sub { }; kill 'ALRM', $$;
print sha256_hex('x'), "\\n";
`,
    );
  },
  command: ["perl", "story.pl"],
};

/** @type {Workload} */
export const php = {
  name: "php",
  says: "php: a session, tempnam and tmpfile, an upload directory, proc_open, a lock",
  programs: ["php"],
  prepare(cwd) {
    mkdirSync(join(cwd, "sessions"));
    writeFileSync(
      join(cwd, "story.php"),
      `<?php
session_save_path('sessions'); session_start(); $_SESSION['n'] = 1; session_write_close();
session_start(); session_regenerate_id(true); session_write_close();
$name = tempnam(sys_get_temp_dir(), 'up'); file_put_contents($name, str_repeat('x', 100)); rename($name, 'upload.dat');
$unnamed = tmpfile(); fwrite($unnamed, 'y'); fclose($unnamed);
$process = proc_open(['sort'], [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
fwrite($pipes[0], "b\\na\\n"); fclose($pipes[0]); if (stream_get_contents($pipes[1]) !== "a\\nb\\n") exit(1); proc_close($process);
$lock = fopen('lock', 'c'); flock($lock, LOCK_EX); fclose($lock);
mkdir('cache'); for ($n = 0; $n < 10; $n++) file_put_contents('cache/' . md5((string) $n) . '.cache', $n);
echo count(glob('cache/*')), "\\n";
`,
    );
  },
  command: ["php", "story.php"],
};

/** @type {Workload} */
export const lua = {
  name: "lua",
  says: "lua: os.tmpname, io.popen, os.rename, io.tmpfile",
  programs: ["lua5.4"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "story.lua"),
      `for n = 1, 3 do
  local name = os.tmpname(); local file = assert(io.open(name, "w")); file:write(n); file:close()
  local pipe = assert(io.popen("wc -c < " .. name)); assert(tonumber(pipe:read("a")) == 1); pipe:close()
  os.rename(name, "part" .. n)
end
local file = io.tmpfile(); file:write("x"); file:close()
os.execute("cat part1 part2 part3 > all")
`,
    );
  },
  command: ["lua5.4", "story.lua"],
};

/** @type {Workload} */
export const jobs = {
  name: "xargs",
  says: "a nightly job: `find | xargs -P4` compresses logs, a lock, `sort` with spill files, `split`, mail to a spool",
  programs: ["find", "xargs", "gzip", "flock", "sort", "split"],
  prepare(cwd) {
    mkdirSync(join(cwd, "logs"));
    for (let n = 1; n <= 24; n++) writeFileSync(join(cwd, "logs", `day${n}.log`), `${"entry\n".repeat(n * 200)}`);
    writeFileSync(
      join(cwd, "job.sh"),
      `set -e
exec 9> lock; flock -n 9
find logs -name '*.log' -print0 | xargs -0 -P4 -n2 gzip -9
find logs -name '*.gz' -print0 | xargs -0 -P4 -I{} sh -c 'zcat "$1" | wc -l > "$1.count"' _ {}
seq 1 200000 | sort -R --random-source=/dev/zero -S 256k --parallel=2 | sort -n -S 256k > sorted; sort -c -n sorted
split -n 8 sorted part.; cat part.* | cksum; mkdir -p spool/tmp spool/new
mail=spool/tmp/$(date +%s).$$.host; echo done > "$mail"; mv "$mail" spool/new/
`,
    );
  },
  command: ["sh", "job.sh"],
};
