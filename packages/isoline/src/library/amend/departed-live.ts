/** The departures of a live namespace, asked over its control socket. */
import type { ControlClient } from "../../control/client.ts";
import { type Departed, DepartureReader, type ReadDeparture, readHead } from "./departed.ts";

/**
 * The last departures of a live namespace that has `total` of them, read within so many milliseconds. An earlier isoline tells no `total`:
 * all are read then.
 */
export async function lastDepartedLive(
  client: ControlClient,
  total: number | undefined,
  most: number,
  patience: number,
): Promise<readonly ReadDeparture[]> {
  const reader = new DepartureReader(`the namespace ${client.name}`);
  const from = Math.max(0, (total ?? 0) - most);
  for (const departure of await client.lastDepartures(from, most, patience)) reader.read(departure);
  return reader.departures;
}

export async function departedLive(client: ControlClient): Promise<Departed> {
  const source = `the namespace ${client.name}`;
  const { incomplete } = await client.state();
  const head = readHead({ isoline: 1, ...(await client.contour()), incomplete }, source);
  const reader = new DepartureReader(source);
  for await (const departure of client.departures()) reader.read(departure);
  return { ...head, departures: reader.departures, tasks: reader.tasks };
}
