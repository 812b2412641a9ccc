import type { Command } from "commander";
import type { Invocation } from "../invocation.ts";
export function declareMachine(_p: Command, _i: Invocation): void {}
