import { appendFileSync, readFileSync } from "node:fs";
import { eventSchema, operationNames } from "@isoline/core/event";
import { describe, expect, test } from "vitest";
import { operationTable } from "./operation-table.ts";
import { isUpdate, published, specPath } from "./published.ts";
import { answered, eventVector, readVectors, sampleEvents, type Vector, vectorsFile } from "./vectors.ts";

const operationOf = (vector: Vector) => (vector.kind === "event" ? (vector.event as { op: string }).op : undefined);

describe("docs/spec agrees with the code (UPDATE_SPEC=1 npx vitest run test/spec writes it again)", () => {
  test("the table of operations", () => {
    expect(published("operations.md", operationTable())).toBe(operationTable());
  });

  test("the schema of events", () => {
    const document = JSON.stringify(eventSchema(), null, 2);
    expect(JSON.parse(published("event.schema.json", `${document}\n`))).toEqual(JSON.parse(document));
  });

  test("a vector for every operation", () => {
    const there = new Set(readVectors().map(operationOf));
    const missing = operationNames.filter((op) => !there.has(op));
    for (const vector of missing.flatMap(sampleEvents).map(eventVector)) {
      if (isUpdate) appendFileSync(specPath(vectorsFile), `${JSON.stringify(vector)}\n`);
    }
    expect(isUpdate ? [] : missing).toEqual([]);
  });
});

describe("vectors", () => {
  test.each(readVectors().map((vector, at) => [at + 1, vector.kind, vector] as const))(
    "line %i: %s",
    (_line, _kind, vector) => {
      expect(answered(vector)).toEqual(vector);
    },
  );

  test("every kind is there, and each line once", () => {
    expect(new Set(readVectors().map(({ kind }) => kind))).toEqual(new Set(["event", "task", "escape", "extension"]));
    const lines = readFileSync(specPath(vectorsFile), "utf8").trim().split("\n");
    expect(new Set(lines).size).toBe(lines.length);
  });
});
