/** Archives, copies, pictures. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("../place.mjs").Workload} Workload */

/** @param {string} top */
function writeTree(top) {
  for (const directory of ["a", "a/deep", "b"]) mkdirSync(join(top, directory), { recursive: true });
  for (let n = 1; n <= 12; n++)
    writeFileSync(join(top, ["a", "a/deep", "b"][n % 3] ?? "a", `file${n}.txt`), `text ${n}\n`.repeat(n * 50));
  symlinkSync("file3.txt", join(top, "a/link"));
}

/** @type {Workload} */
export const archives = {
  name: "archives",
  says: "tar with gzip, xz -T2 and zstd; zip and unzip, a member replaced",
  programs: ["tar", "xz", "gzip", "zstd", "zip", "unzip"],
  prepare(cwd) {
    writeTree(join(cwd, "tree"));
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e
tar czf tree.tgz tree; tar cf tree.tar tree; xz -k -T2 tree.tar; zstd -q tree.tar -o tree.tar.zst
mkdir one two three; tar xzf tree.tgz -C one; tar xJf tree.tar.xz -C two; tar --zstd -xf tree.tar.zst -C three
zip -qr tree.zip tree; echo more >> tree/a/file3.txt; zip -q tree.zip tree/a/file3.txt; zip -qd tree.zip tree/b/file2.txt
unzip -q tree.zip -d four; diff -r one two; diff -r two three
`,
    );
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const rsync = {
  name: "rsync",
  says: "rsync: a copy, a change, a second pass with --delete and --backup, hard links with --link-dest",
  programs: ["rsync"],
  prepare(cwd) {
    writeTree(join(cwd, "tree"));
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e
rsync -a tree/ copy/; echo changed >> tree/a/file3.txt; rm tree/b/file2.txt; echo new > tree/new; sleep 1.1
rsync -a --delete --backup --suffix=~ tree/ copy/
rsync -a --link-dest="$PWD/copy" tree/ second/
`,
    );
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const images = {
  name: "imagemagick",
  says: "ImageMagick draws, scales, converts and compares pictures",
  programs: ["/usr/bin/magick"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "story.sh"),
      `set -e
magick -size 300x200 gradient:red-blue base.png
magick base.png -resize 50% small.jpg; magick base.png -rotate 90 -blur 0x2 turned.gif
magick -limit memory 1MiB -limit map 1MiB base.png -resize 400% big.png
magick identify small.jpg turned.gif >/dev/null; magick compare -metric RMSE base.png base.png null: 2>/dev/null || true
`,
    );
  },
  command: ["sh", "story.sh"],
};
