/** Services under drawn requests: nginx, a Node service that takes uploads, a mail spool, a queue of jobs. */
import { command, files, numbers, story } from "./script.mjs";

/** @typedef {import("./script.mjs").Varying} Varying */

/** @type {Varying} */
export const nginx = {
  name: "nginx",
  says: "nginx under six to twelve drawn requests: pages, ranges, uploads, errors, a listing; a reload or a log reopened by chance",
  programs: ["nginx", "curl"],
  keeps: false,
  command,
  prepare(cwd) {
    files(cwd, {
      ...Object.fromEntries(numbers(20).map((n) => [`pages/doc${n}/index.html`, `page ${n}\n`.repeat(n * 40)])),
      "nginx.conf": `worker_processes 2; daemon off; pid nginx.pid; error_log error.log notice;
events { worker_connections 64; }
http {
  access_log access.log; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  client_body_buffer_size 1k; gzip on;
  server { listen unix:web.sock; root pages;
    location /up { client_body_in_file_only on; proxy_pass http://unix:web.sock:/doc1/; }
    location /list/ { alias pages/; autoindex on; } error_page 405 =200 $uri; }
}
`,
    });
    story(
      cwd,
      `
get() { curl -s --unix-socket web.sock -o /dev/null "$@"; }
nginx -p "$PWD" -c nginx.conf 2> /dev/null & server=$!
until get http://here/doc1/; do sleep 0.05; done
for ((n = 6 + RANDOM % 7; n > 0; n--)); do
  pick page page page page range missing upload list head reload reopen
  case $PICKED in
    page) get http://here/doc$((1 + RANDOM % 20))/ ;; range) get -r 10-50 http://here/doc$((1 + RANDOM % 20))/index.html ;;
    missing) get http://here/none$RANDOM ;; upload) head -c $((500 + RANDOM % 9000)) /dev/zero | get --data-binary @- http://here/up ;;
    list) get http://here/list/ ;; head) get -I http://here/doc$((1 + RANDOM % 20))/ ;;
    reload) chance 3 && kill -HUP $server ;; reopen) chance 3 && kill -USR1 $server ;;
  esac
done
kill -QUIT $server; wait $server`,
    );
  },
};

/** @type {Varying} */
export const uploads = {
  name: "upload service",
  says: "a Node service that spools drawn uploads under random names and keeps them by their content; what it kept is read by chance",
  programs: ["node"],
  keeps: true,
  command: ["node", "service.js"],
  prepare(cwd) {
    files(cwd, {
      "service.js": `const http = require("node:http"), fs = require("node:fs"), crypto = require("node:crypto"), path = require("node:path");
let state = Number(process.env.SEED) | 1;
const draw = (n) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return (state >>> 8) % n; };
for (const folder of ["spool", "store"]) fs.mkdirSync(folder, { recursive: true });
const server = http.createServer((request, response) => {
  if (request.method === "GET") {
    const file = path.join("store", path.normalize("/" + request.url));
    return fs.readFile(file, (fault, data) => { response.statusCode = fault ? 404 : 200; response.end(data ?? ""); });
  }
  const spooled = "spool/" + crypto.randomUUID();
  const hash = crypto.createHash("sha1");
  const out = fs.createWriteStream(spooled);
  request.on("data", (part) => hash.update(part)).pipe(out).on("finish", () => {
    const name = hash.digest("hex");
    const folder = "store/" + name.slice(0, 2);
    fs.mkdirSync(folder, { recursive: true });
    fs.renameSync(spooled, folder + "/" + name.slice(2));
    fs.appendFileSync("index.txt", folder + "/" + name.slice(2) + "\\n");
    response.end(name);
  });
});
const ask = (method, url, body) => new Promise((done) => {
  const request = http.request({ socketPath: "web.sock", method, path: url }, (response) => response.resume().on("end", done));
  request.end(body);
});
fs.rmSync("web.sock", { force: true });
server.listen("web.sock", async () => {
  for (let n = 3 + draw(5); n > 0; n--) {
    const known = fs.existsSync("index.txt") ? fs.readFileSync("index.txt", "utf8").trim().split("\\n") : [];
    const what = draw(4);
    if (what < 2 || known.length === 0) await ask("PUT", "/", "upload " + draw(100000));
    else if (what === 2) await ask("GET", "/" + known[draw(known.length)].slice(6));
    else await ask("GET", "/missing" + draw(1000));
  }
  server.close();
});
`,
    });
  },
};

/** @type {Varying} */
export const mail = {
  name: "mail spool",
  says: "maildirs: drawn messages are delivered by rules, read, flagged, moved and packed into an archive; the mail stays",
  programs: ["perl", "gzip"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, {
      "deliver.pl": `use strict; use Fcntl;
my ($folder, $id, $text) = @ARGV;
for my $part ("", "/tmp", "/new", "/cur") { mkdir "mail/$folder$part" unless -d "mail/$folder$part"; }
my $name = time() . ".P$$" . "Q$id.host";
sysopen(my $out, "mail/$folder/tmp/$name", O_WRONLY | O_CREAT | O_EXCL, 0600) or die $!;
print $out "Subject: $id\\n\\n$text\\n"; close $out;
rename "mail/$folder/tmp/$name", "mail/$folder/new/$name" or die $!;
`,
    });
    story(
      cwd,
      `
mkdir -p mail archive
for ((n = 1 + RANDOM % 4; n > 0; n--)); do
  pick inbox inbox inbox lists work junk project-$((RANDOM % 5))
  perl deliver.pl $PICKED $RANDOM "text $RANDOM"
done
for new in mail/*/new/*; do
  [ -f "$new" ] && chance 2 && { read -r subject < "$new"; name=\${new##*/}; folder=\${new%/new/*}; mv "$new" "$folder/cur/$name:2,S"; }
done
if chance 5; then for old in mail/*/cur/*; do [ -f "$old" ] && cat "$old" && rm "$old"; done | gzip >> archive/2026-$((1 + RUN / 12)).gz; fi
true`,
    );
  },
};

/** @type {Varying} */
export const queue = {
  name: "job queue",
  says: "a spool of jobs with random ids of five kinds, taken by renaming, worked on by other programs, some fail and wait; it stays",
  programs: ["bash", "gzip", "sha256sum", "sort", "awk"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, Object.fromEntries(numbers(9).map((n) => [`input/data${n}.txt`, `${n} line\n`.repeat(30)])));
    story(
      cwd,
      `
mkdir -p queue running failed done
id() { printf -v ID '%04x%04x-%04x' $RANDOM $RANDOM $RANDOM; }
for ((n = 1 + RANDOM % 3; n > 0; n--)); do id; pick pack digest sort count none; echo "$PICKED data$((1 + RANDOM % 9)).txt" > queue/$ID.job; done
for job in queue/*.job failed/*.job; do
  [ -f "$job" ] || continue
  name=\${job##*/}; mv "$job" "running/$name"; read -r kind file < "running/$name"; out=done/$kind-\${name%.job}
  case $kind in
    pack) gzip -c input/$file > $out.gz ;; digest) sha256sum input/$file > $out ;; sort) sort -o $out input/$file ;;
    count) awk '{ n += $1 } END { print n }' input/$file > $out ;; none) chance 2 ;;
  esac && rm "running/$name" || mv "running/$name" failed/
done
true`,
    );
  },
};
