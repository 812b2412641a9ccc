import type { Command } from "commander";
import type { Invocation } from "../invocation.ts";
export function declareContours(_p: Command, _i: Invocation): void {}
