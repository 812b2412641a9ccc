/**
 * A web server for the files in public/, with a hole: it trusts the path in the request, so `/../` leads out of that folder. It
 * listens on a port that the kernel chooses, and prints the port.
 */
const { createReadStream } = require("node:fs");
const { createServer } = require("node:http");

const server = createServer((request, response) => {
  const path = request.url === "/" ? "/index.html" : request.url;
  createReadStream(`public${path}`)
    .on("open", () => response.writeHead(200))
    .on("error", ({ code }) => response.writeHead(code === "ENOENT" ? 404 : 403).end(`${code}\n`))
    .pipe(response);
});

server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", () => server.close());
