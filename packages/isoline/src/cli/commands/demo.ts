import { status } from "../ending.ts";
export async function demo(): Promise<number> {
  return status.success;
}
