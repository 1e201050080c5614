// How the attributes read the text that is written to them. Every function throws a `ZramError` for text that it does not take.

import { EINVAL, type Errno } from "@zlab/hw-sim";
import { ERANGE } from "./errno.ts";
import { ZramError } from "./errors.ts";

const BITS_64 = 64;
const SUFFIXES = "kmgtpe";

/** Largest values of the kernel's integer types. */
export const INT_MAX: bigint = 2n ** 31n - 1n;
export const UINT_MAX: bigint = 2n ** 32n - 1n;
export const U16_MAX: bigint = 2n ** 16n - 1n;
export const U64_MAX: bigint = 2n ** 64n - 1n;

/** A memory size: a number as in C at the very first character, and one suffix letter. Whatever follows is ignored. The value is that of
 * 64 bits, so it wraps. Undefined if there is neither digit nor suffix. */
export function parseMemorySize(text: string): bigint | undefined {
  const [digits] = /^(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*|)/i.exec(text)!;
  const suffix = text.charAt(digits.length).toLowerCase();
  const power = suffix === "" ? 0 : SUFFIXES.indexOf(suffix) + 1;
  if (digits === "" && power === 0) return undefined;
  return BigInt.asUintN(BITS_64, cNumber(digits) << BigInt(10 * power));
}

/** The value of a number as in C: "0x10", "010", "10". */
function cNumber(digits: string): bigint {
  if (digits === "") return 0n;
  return BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
}

/** How a strict integer may look. */
export interface IntegerRule {
  readonly min: bigint;
  readonly max: bigint;
  /** Whether "0x10" and "010" are taken as in C; otherwise the number is decimal. */
  readonly anyBase?: boolean;
}

/** A whole text that is one number, with at most one newline behind it. Throws EINVAL for another text, a sign that the type hasn't
 * included, and ERANGE for a number beyond the range. */
export function parseInteger(what: string, text: string, rule: IntegerRule): bigint {
  const digits = rule.anyBase === true ? "(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)" : "[0-9]+";
  const match = new RegExp(`^([+]|-)?(${digits})\\n?$`, "i").exec(text);
  const isNegative = match?.[1] === "-";
  if (match === null || (isNegative && rule.min >= 0n))
    throw new ZramError(EINVAL, `${what}: no number: ${show(text)}`);
  const size = rule.anyBase === true ? cNumber(match[2]!) : BigInt(match[2]!);
  const value = isNegative ? -size : size;
  if (value < rule.min || value > rule.max) throw new ZramError(ERANGE, `${what}: out of range: ${show(text)}`);
  return value;
}

/** As `parseInteger`, for attributes that have one error for everything. */
export function parseIntegerOr(errno: Errno, what: string, text: string, rule: IntegerRule): bigint {
  try {
    return parseInteger(what, text, rule);
  } catch {
    throw new ZramError(errno, `${what}: no number in range: ${show(text)}`);
  }
}

/** One argument of a list: `key=value`, or a bare word, which has no value. */
export interface Argument {
  readonly key: string;
  readonly value: string | undefined;
}

/** The arguments of a blank-separated list, in order. */
export function parseArguments(text: string): Argument[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => {
      const equals = word.indexOf("=");
      if (equals === -1) return { key: word, value: undefined };
      return { key: word.slice(0, equals), value: word.slice(equals + 1) };
    });
}

/** The value of an argument that needs one. Throws EINVAL if there is none or it is empty. */
export function valueOf(what: string, { key, value }: Argument): string {
  if (value === undefined || value === "") throw new ZramError(EINVAL, `${what}: ${key} has no value`);
  return value;
}

/** The text without one newline at its end. */
export function withoutNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

/** A text as a message shows it. */
export function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
