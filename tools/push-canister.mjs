/**
 * `node tools/push-canister.mjs SOCKET NAME --layout FOLDER --contour FILE`: pushes a canister to a launch host (docs/launch-host.md).
 * The signature is taken from FILE.sig, where `isoline sign` puts it.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { PortClient, Refused } from "./images/port-client.mjs";
import { pushOf } from "./images/push.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { layout: { type: "string" }, contour: { type: "string" } },
});
const [socket, name] = positionals;
const { layout, contour } = values;
if (socket === undefined || name === undefined || layout === undefined || contour === undefined)
  throw new Error("expected SOCKET NAME --layout FOLDER --contour FILE");
const push = pushOf(layout, { contour: readFileSync(contour), signature: readFileSync(`${contour}.sig`) });
const port = new PortClient();
await port.connect(socket);
try {
  await port.ask(`push ${name} ${push.length}`, push);
  console.log(`${name}: started`);
} catch (fault) {
  if (!(fault instanceof Refused)) throw fault;
  console.error(`${name}: refused: ${fault.message}`);
  process.exitCode = 1;
}
process.exit();
