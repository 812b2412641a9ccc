/** Servers on loopback, with their clients inside the same namespace. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("../place.mjs").Workload} Workload */

/** @type {Workload} */
export const nodeHttp = {
  name: "node-http",
  says: "a Node HTTP server on a port that the kernel gives, under load by a client process",
  programs: ["node"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "server.mjs"),
      `import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { spawn } from "node:child_process";
const server = createServer(async (request, response) => {
  response.end(request.url === "/file" ? await readFile("page.txt") : "hello");
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const client = spawn(process.execPath, ["client.mjs", String(server.address().port)], { stdio: "inherit" });
  client.on("exit", (code) => { server.close(); process.exitCode = code; });
});
`,
    );
    writeFileSync(
      join(cwd, "client.mjs"),
      `import { Agent, get } from "node:http";
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const port = Number(process.argv[2]);
const once = (path) => new Promise((resolve, reject) => {
  get({ host: "127.0.0.1", port, path, agent }, (response) => response.resume().on("end", resolve)).on("error", reject);
});
for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, (_, n) => once(n % 2 ? "/file" : "/")));
agent.destroy();
`,
    );
    writeFileSync(join(cwd, "page.txt"), "page\n".repeat(100));
  },
  command: ["node", "server.mjs"],
};

/** @type {Workload} */
export const nginx = {
  name: "nginx",
  says: "nginx with two workers: curl and wget fetch pages, an upload is spooled, a reload, a quit",
  programs: ["nginx", "curl", "wget"],
  prepare(cwd) {
    writeFileSync(
      join(cwd, "nginx.conf"),
      `worker_processes 2; daemon off; pid nginx.pid; error_log error.log notice;
events { worker_connections 64; }
http {
  access_log access.log; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_body_buffer_size 1k;
  server { listen 127.0.0.1:18080; root pages; location /up { client_body_in_file_only on; proxy_pass http://127.0.0.1:18080/index.html; } error_page 405 =200 $uri; }
}
`,
    );
    writeFileSync(
      join(cwd, "story.sh"),
      `mkdir pages && echo hello > pages/index.html && head -c 200000 /dev/zero > pages/big
nginx -p "$PWD" -c nginx.conf & server=$!; sleep 0.1
until curl -s http://127.0.0.1:18080/ -o /dev/null; do sleep 0.1; done
clients=; for n in 1 2 3 4 5 6 7 8; do curl -s http://127.0.0.1:18080/big -o /dev/null & clients="$clients $!"; done; wait $clients
wget -q -O copy http://127.0.0.1:18080/big
head -c 50000 /dev/zero | curl -s --data-binary @- http://127.0.0.1:18080/up -o /dev/null
kill -HUP $server; sleep 1; curl -s http://127.0.0.1:18080/ -o /dev/null
kill -QUIT $server; wait $server; cmp pages/big copy
`,
    );
  },
  command: ["sh", "story.sh"],
};
