/** A process that makes the keys of so many nodes, enrols them in a store, and ends: an embedded store has one opener. */
import { openStore } from "../../packages/verifier/dist/store/index.js";
import { enrol, makeKeys } from "./nodes.mjs";

const [database = "", file = "", count = "0", tenant = ""] = process.argv.slice(2);
makeKeys(file, Number(count));
const store = await openStore(database);
await enrol(file, Number(count), store.db, tenant);
await store.close();
