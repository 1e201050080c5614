// A codec from a module that somebody else wrote, named where a codec of zlab could be.

import type { Codec, CodecStream } from "@zlab/codecs";
import { UsageError, fileError, messageOf } from "../errors.ts";
import { importModule } from "../modules/import-module.ts";

/** Whether an item of `--codec` is a file and not a name. */
export function isModuleFile(item: string): boolean {
  return /[/\\]|\.[cm]?js$/.test(item);
}

/** The codec that an ES module exports, as default or as `codec`; one name and one call are enough:
 * `{ name, createStream() }`. What its streams throw or give back wrongly is an error that names the file. Throws a
 * `UsageError` if the file isn't there, throws while loading, or exports no codec. */
export async function loadCodec(file: string, cwd: string): Promise<Codec> {
  const module = await importModule(file, cwd);
  const exported = module["codec"] ?? module["default"];
  if (exported === undefined)
    throw fileError(file, "exports no codec; export a Codec of @zlab/codecs as default or as `codec`");
  return asCodec(file, exported);
}

/** Makes a codec of what a module exports; `file` is named in errors. Throws a `UsageError` for anything else, and for exports that throw
 * when they are looked at. */
export function asCodec(file: string, exported: unknown): Codec {
  try {
    const codec = narrow(file, exported);
    return {
      name: codec.name,
      description: textOf(codec.description) ?? `${codec.name} of ${file}`,
      parameters: codec.parameters ?? {},
      ...(textOf(codec.deviation) === undefined ? {} : { deviation: textOf(codec.deviation)! }),
      createStream: (parameters) => guarded(file, () => codec.createStream(parameters)),
    };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw fileError(file, `the exported codec throws when it is looked at: ${messageOf(error)}; mend it`);
  }
}

/** A member that should be text, where it is. */
function textOf(member: unknown): string | undefined {
  return typeof member === "string" ? member : undefined;
}

/** Narrows an export to a codec by what it has. */
function narrow(file: string, candidate: unknown): Pick<Codec, "name" | "createStream"> & Partial<Codec> {
  if (typeof candidate !== "object" || candidate === null) {
    throw fileError(file, `exports ${typeof candidate} in the place of a codec; export a Codec of @zlab/codecs`);
  }
  const members: Partial<Record<keyof Codec, unknown>> = candidate;
  const missing = [
    typeof members.name === "string" && /^\S+$/.test(members.name) ? [] : ["name (a word)"],
    typeof members.createStream === "function" ? [] : ["createStream()"],
  ].flat();
  if (missing.length === 0) return candidate as Codec;
  throw fileError(file, `the exported codec lacks ${missing.join(" and ")}; export a Codec of @zlab/codecs`);
}

/** A stream whose mistakes are told with the file. */
function guarded(file: string, create: () => CodecStream): CodecStream {
  const attempt = <T>(call: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fileError(file, `the codec's ${call} failed: ${messageOf(error)}; mend it`);
    }
  };
  const stream = attempt("createStream", create);
  for (const call of ["compress", "decompress"] as const) {
    if (typeof stream?.[call] !== "function") throw fileError(file, `the codec's streams lack ${call}(); add it`);
  }
  const compress = (unit: Uint8Array): Uint8Array => {
    const bytes: unknown = attempt("compress", () => stream.compress(unit));
    if (bytes instanceof Uint8Array && bytes.length > 0) return bytes;
    throw fileError(file, "the codec's compress gave no bytes; it must return a Uint8Array that isn't empty");
  };
  return {
    compress,
    compressedSize: (unit) => compress(unit).length,
    decompress: (compressed, target) => attempt("decompress", () => stream.decompress(compressed, target)),
  };
}
