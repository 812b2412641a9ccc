/** The departures of a live namespace, asked over its control socket. */
import type { ControlClient } from "../../control/client.ts";
import { type Departed, DepartureReader, readHead } from "./departed.ts";

export async function departedLive(client: ControlClient): Promise<Departed> {
  const source = `the namespace ${client.name}`;
  const { incomplete } = await client.state();
  const head = readHead({ isoline: 1, ...(await client.contour()), incomplete }, source);
  const reader = new DepartureReader(source);
  for await (const departure of client.departures()) reader.read(departure);
  return { ...head, departures: reader.departures, tasks: reader.tasks };
}
