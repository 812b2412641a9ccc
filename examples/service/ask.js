/** Sends one request with the path as given; browsers and `fetch` would remove a `/../` from it. `node ask.js PORT PATH` */
const { request } = require("node:http");

function ask(port, path) {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    asked.on("error", reject).end();
  });
}

exports.ask = ask;

if (require.main === module) {
  const [port, path] = process.argv.slice(2);
  void ask(port, path).then(({ status, body }) => console.log(`${status} ${body.trimEnd()}`));
}
