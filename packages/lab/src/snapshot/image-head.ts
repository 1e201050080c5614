// The JSON text in an image's head: what made the image, and so what a restored machine and pool are made of. What is read is
// verified field by field, since the text may come from anywhere; whether values make sense is for the machine and the driver to say.

import { ImageError, type MachineOptions, ZONE_KINDS } from "@zlab/hw-sim";
import type { PoolOptions } from "@zlab/zpool";

export interface ImageHead {
  /** Type of the pool's backend. */
  readonly backend: string;
  /** The pool's name. */
  readonly name: string;
  readonly options: PoolOptions;
  /** Number by which the machine knows the pool's pages. */
  readonly ownerNumber: number;
  /** Names of the machine's page owners, by number. */
  readonly ownerNames: readonly string[];
  readonly machine: MachineOptions;
}

/** The text for a head. */
export function formatHead({ backend, name, options, ownerNumber, ownerNames, machine }: ImageHead): string {
  return JSON.stringify({ backend, name, options, ownerNumber, ownerNames, machine });
}

/** Reads the text. Throws ZLAB_IMAGE_FORMAT, with the field. */
export function parseHead(text: string): ImageHead {
  const head = recordOf("the head", parseJson(text));
  const ownerNames = arrayOf("ownerNames", head["ownerNames"]).map((name) => stringOf("ownerNames", name));
  const ownerNumber = numberOf("ownerNumber", head["ownerNumber"]);
  if (!Number.isInteger(ownerNumber) || ownerNumber < 1 || ownerNumber >= ownerNames.length) {
    throw wrong("ownerNumber", "is the number of no owner");
  }
  return {
    backend: stringOf("backend", head["backend"]),
    name: stringOf("name", head["name"]),
    options: poolOptionsOf(head["options"]),
    ownerNumber,
    ownerNames,
    machine: machineOptionsOf(recordOf("machine", head["machine"])),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function poolOptionsOf(value: unknown): PoolOptions {
  const options: Record<string, string | number | boolean> = Object.create(null) as Record<string, string>;
  for (const [name, option] of Object.entries(recordOf("options", value))) {
    if (typeof option !== "string" && typeof option !== "number" && typeof option !== "boolean") {
      throw wrong(`options.${name}`, "must be a word, a number, true or false");
    }
    options[name] = option;
  }
  return options;
}

function machineOptionsOf(fields: Fields): MachineOptions {
  const { zones, cpus, backing, forceKmap, panicOnWarn, costModel, seed, pageBytes } = fields;
  return {
    pageBytes: numberOf("machine.pageBytes", pageBytes),
    zones: arrayOf("machine.zones", zones).map((zone) => zoneOf(recordOf("machine.zones", zone))),
    ...optional("cpus", cpus, numberOf),
    ...optional("backing", backing, (what, value) => stringOf(what, value) as NonNullable<MachineOptions["backing"]>),
    ...optional("forceKmap", forceKmap, booleanOf),
    ...optional("panicOnWarn", panicOnWarn, booleanOf),
    ...optional("costModel", costModel, pricesOf),
    ...optional("seed", seed, numberOf),
  };
}

function zoneOf({ kind, pages, watermarks }: Fields): MachineOptions["zones"][number] {
  const known = ZONE_KINDS.find((candidate) => candidate === kind);
  if (known === undefined) throw wrong("machine.zones", "has a zone of an unknown kind");
  return {
    kind: known,
    pages: numberOf("machine.zones.pages", pages),
    ...optional("watermarks", watermarks, (what, value) => {
      const marks = recordOf(what, value);
      const [minPages, lowPages, highPages] = ["minPages", "lowPages", "highPages"].map((mark) =>
        numberOf(`${what}.${mark}`, marks[mark]),
      ) as [number, number, number];
      return { minPages, lowPages, highPages };
    }),
  };
}

function pricesOf(what: string, value: unknown): Record<string, number> {
  const prices = Object.entries(recordOf(what, value));
  return Object.fromEntries(prices.map(([name, price]) => [name, numberOf(`${what}.${name}`, price)]));
}

/** The field under its name, or nothing if it is not there. */
function optional<Name extends string, T>(
  name: Name,
  value: unknown,
  parse: (what: string, value: unknown) => T,
): { readonly [key in Name]?: T } {
  if (value === undefined) return {};
  return { [name]: parse(`machine.${name}`, value) } as { readonly [key in Name]: T };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong("the head", "is no JSON text");
  }
}

function recordOf(what: string, value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(what, "must be an object");
}

function arrayOf(what: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(what, "must be a list");
}

function stringOf(what: string, value: unknown): string {
  if (typeof value === "string" && value.length <= 200 && !/\p{Cc}/u.test(value)) return value;
  throw wrong(what, "must be a text of up to 200 characters");
}

function numberOf(what: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw wrong(what, "must be a number");
}

function booleanOf(what: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(what, "must be true or false");
}

function wrong(what: string, mustBe: string): ImageError {
  return new ImageError("ZLAB_IMAGE_FORMAT", `${what.slice(0, 80)} in the head ${mustBe}; the file is damaged`);
}
