// The form of nested values in a trace: which lists, tuples and records of whole numbers a line may hold.

import { TraceError } from "./trace-error.ts";
import { shortJson } from "./trace-json.ts";

/** "integer", a list of any length, a tuple of fixed length, or a record with exactly these keys, all integers. */
export type Shape =
  | "integer"
  | { readonly list: Shape }
  | { readonly tuple: readonly Shape[] }
  | { readonly record: readonly string[] };

/** A tuple of `count` integers. */
export function integers(count: number): Shape {
  return { tuple: Array.from({ length: count }, () => "integer" as const) };
}

/** Throws a TraceError that names the place in the value, unless the value has the shape. */
export function assertShape(value: unknown, shape: Shape, where: string): void {
  if (shape === "integer") {
    if (Number.isSafeInteger(value)) return;
    throw new TraceError(`${where} must be a whole number, not ${shortJson(value)}`);
  }
  if ("record" in shape) return assertRecord(value, shape.record, where);
  if (!Array.isArray(value)) throw new TraceError(`${where} must be a list, not ${shortJson(value)}`);
  if ("list" in shape) {
    for (const [i, element] of value.entries()) assertShape(element, shape.list, `${where}[${i}]`);
    return;
  }
  if (value.length !== shape.tuple.length) {
    throw new TraceError(`${where} must have ${shape.tuple.length} elements, not ${value.length}`);
  }
  for (const [i, element] of shape.tuple.entries()) assertShape(value[i], element, `${where}[${i}]`);
}

function assertRecord(value: unknown, keys: readonly string[], where: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TraceError(`${where} must be an object, not ${shortJson(value)}`);
  }
  for (const [key, element] of Object.entries(value)) {
    if (!keys.includes(key))
      throw new TraceError(`${where} has an unknown key ${shortJson(key)}; known: ${keys.join(", ")}`);
    assertShape(element, "integer", `${where}.${key}`);
  }
  const missing = keys.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw new TraceError(`${where} lacks "${missing}"`);
}
