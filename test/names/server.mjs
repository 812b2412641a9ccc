// A server at one port of every address of this network: takes connections and closes them. Says when it listens.
import net from "node:net";

net.createServer((socket) => socket.on("error", () => {}).end()).listen(8443, "::", () => console.log("ready"));
