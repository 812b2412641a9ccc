/** A machine with one processor, on which the supervisor cannot decide while the kernel waits in place. */
import { deepEqual, equal, match } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { canistersMissing, Yard } from "../canister.mjs";
import { isolineAs } from "../isoline.mjs";

/** Unshares the host name, once more after each second until that is permitted, and prints the errno of each try. */
const script = `$| = 1;
for (1 .. 60) { my $errno = syscall(272, 0x4000000) < 0 ? $! + 0 : 0; print "$errno\n"; exit if !$errno; sleep 1 }`;
const { cwd, run } = isolineAs(0);
const yard = new Yard();
after(() => yard.close());

test("what the kernel would wait for in place is refused the first time, counted, and goes ahead once it is known", {
  skip,
}, () => {
  equal(availableParallelism(), 1);
  const learnt = run("learn", "--sensor", "bpf", "-q", "-o", "c.contour", "--", "perl", "-e", script);
  equal(learnt.stdout, "0\n", learnt.stderr);
  const { stdout } = run(
    ...["run", "c.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "report.json"],
    ...["--", "perl", "-e", script],
  );
  const tries = stdout.trim().split("\n");
  equal(tries[0], "1");
  equal(tries.at(-1), "0");
  const { off, incomplete } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  deepEqual(
    [off, incomplete.map((/** @type {{ reason: string }} */ { reason }) => reason)],
    [0, ["an act was refused because its verdict came too late"]],
  );
});

test("a container is learnt, and refused its start when it is to be enforced, in one line that says what to do", {
  skip: skip || canistersMissing(),
}, () => {
  equal(yard.run("exit 7", "bpf", "learn", "one.contour").status, 7);
  const { status, stderr } = yard.run("exit 7", "bpf", "enforce", "one.contour");
  equal(status, 125);
  match(
    stderr,
    /^isoline-runc: .*needs two processors, .*; use the seccomp sensor, or give isoline a second processor/m,
  );
});

/** An empty file system of FAT12, of 1 MiB (the places are those of Microsoft's FAT specification 1.03). */
function fat() {
  const image = Buffer.alloc(2 ** 20);
  image.set([0xeb, 0x3c, 0x90]);
  const [bytesASector, sectorsACluster, reserved, tables, entries, sectors, sectorsATable] = [
    512, 4, 1, 1, 112, 2048, 2,
  ];
  image.writeUInt16LE(bytesASector, 11);
  image.writeUInt8(sectorsACluster, 13);
  image.writeUInt16LE(reserved, 14);
  image.writeUInt8(tables, 16);
  image.writeUInt16LE(entries, 17);
  image.writeUInt16LE(sectors, 19);
  image.writeUInt8(0xf8, 21);
  image.writeUInt16LE(sectorsATable, 22);
  image.writeUInt16LE(0xaa55, 510);
  image.set([0xf8, 0xff, 0xff], reserved * bytesASector);
  return image;
}

test("files are made that are on contour where the kernel does not remember that they are missing", { skip }, (t) => {
  const place = join(cwd, "fat");
  mkdirSync(place);
  writeFileSync(join(cwd, "image"), fat());
  execFileSync("mount", ["-t", "vfat", "-o", "loop,iocharset=ascii", join(cwd, "image"), place]);
  t.after(() => execFileSync("umount", [place]));
  // Each is there the second time; the third time the kernel does not remember that.
  const make = `for my $turn (1 .. 3) {
    for (1 .. 8) { open(my $file, ">", "fat/made-$_") or print "$_: $!\\n" }
    next if $turn != 2;
    syscall(162);
    open(my $caches, ">", "/proc/sys/vm/drop_caches") or print "caches: $!\\n";
    syswrite $caches, "2";
  }`;
  const learnt = run("learn", "--sensor", "bpf", "-q", "-o", "made.contour", "--", "perl", "-e", make);
  deepEqual([learnt.stdout, readdirSync(place).length], ["", 8], learnt.stderr);
  for (const name of readdirSync(place)) rmSync(join(place, name));
  const enforced = ["run", "made.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "made.json"];
  const { stdout } = run(...enforced, "--", "perl", "-e", make);
  const { off, incomplete } = JSON.parse(readFileSync(join(cwd, "made.json"), "utf8"));
  deepEqual([stdout, readdirSync(place).length, off, incomplete], ["", 8, 0, []]);
});
