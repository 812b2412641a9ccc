/** The service's tests: requests to a running server, and the expected responses. `node tests.js PORT` */
const assert = require("node:assert");
const { ask } = require("./ask.js");

const port = process.argv[2];

void (async () => {
  assert.deepEqual(await ask(port, "/"), { status: 200, body: "<h1>Hello</h1>\n" });
  assert.deepEqual(await ask(port, "/style.css"), { status: 200, body: "h1 { color: teal }\n" });
  assert.equal((await ask(port, "/nothing")).status, 404);
  console.log("tests passed");
})();
