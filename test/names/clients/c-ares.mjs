// Looks a host up and connects, with c-ares: PROGRAM NAME PORT.
import dns from "node:dns";
import net from "node:net";

const [name = "", port] = process.argv.slice(2);
const end = (/** @type {string} */ text, /** @type {number} */ status) => {
  console.log(text);
  process.exit(status);
};
dns.resolve4(name, (fault, found) => {
  if (fault) return end("not found", 2);
  const socket = net.connect(Number(port), String(found[0]), () => end("connected", 0));
  return socket.on("error", () => end("not connected", 1));
});
