import { status } from "../ending.ts";
export interface DoctorOptions {
  readonly json?: boolean;
}
export async function doctor(_: DoctorOptions): Promise<number> {
  return status.success;
}
