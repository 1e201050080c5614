// Codecs by name, in a registry and in a container, and their parameters.

import {
  CODEC,
  CODECS,
  CODEC_REGISTRY,
  type Codec,
  CodecError,
  CodecRegistry,
  KERNEL_ORDER,
  codecModule,
  deflateCodec,
  kernelCodecs,
  kernelCodecsModule,
  lz4Codec,
  lzoRleCodec,
  zstdCodec,
} from "@zlab/codecs";
import { Prng, ZlabError } from "@zlab/hw-sim";
import { Container } from "inversify";
import { describe, expect, test } from "vitest";
import { corpusBytes } from "./corpus.ts";

/** A codec that somebody else might write: it stores. */
const copyCodec = (name: string): Codec => ({
  name,
  description: "a copy",
  parameters: {},
  createStream: () => ({
    compress: (unit) => unit,
    compressedSize: (unit) => unit.length,
    decompress: (compressed, target) => target.set(compressed),
  }),
});

const withCode = (code: string): unknown => expect.objectContaining({ code: `ZLAB_CODEC_${code}` });

describe("the registry", () => {
  test("lists in the kernel's order, then others as they came", () => {
    const registry = new CodecRegistry([copyCodec("b"), ...kernelCodecs().toReversed(), copyCodec("a")]);
    expect(registry.names()).toEqual(["lzo-rle", "lzo", "lz4", "zstd", "deflate", "b", "a"]);
    expect(registry.codecs().map(({ name }) => name)).toEqual(registry.names());
    expect(kernelCodecs().map(({ name }) => name)).toEqual(KERNEL_ORDER.filter((name) => registry.has(name)));
  });

  test("refuses a second codec of a name, and takes one out", () => {
    const registry = new CodecRegistry([lz4Codec()]);
    expect(() => registry.register(copyCodec("lz4"))).toThrow(withCode("DUPLICATE"));
    const registration = registry.register(copyCodec("copy"));
    expect(registry.has("copy")).toBe(true);
    registration[Symbol.dispose]();
    expect(registry.has("copy")).toBe(false);
    const replaced = copyCodec("copy");
    registry.register(replaced);
    registration[Symbol.dispose]();
    expect(registry.codec("copy")).toBe(replaced);
  });

  test("names what there is when asked for what there isn't", () => {
    const registry = new CodecRegistry([zstdCodec(), lzoRleCodec()]);
    expect(() => registry.codec("lz5")).toThrow(withCode("UNKNOWN"));
    expect(() => registry.codec("lz5")).toThrow(/"lz5"; registered: lzo-rle, zstd$/);
    expect(() => new CodecRegistry().codec("lz5")).toThrow(/none$/);
  });
});

describe("a container", () => {
  test("collects the codecs of all modules, and knows each by its name", () => {
    const container = new Container();
    container.load(kernelCodecsModule(), codecModule(copyCodec("copy")));
    const registry = container.get<CodecRegistry>(CODEC_REGISTRY);
    expect(registry.names()).toEqual(["lzo-rle", "lzo", "lz4", "zstd", "deflate", "copy"]);
    expect(container.get<CodecRegistry>(CODEC_REGISTRY)).toBe(registry);
    expect(container.getAll<Codec>(CODECS)).toHaveLength(6);
    expect(container.get<Codec>(CODEC, { name: "copy" }).description).toBe("a copy");
    expect(registry.codec("lz4")).toBe(container.get<Codec>(CODEC, { name: "lz4" }));
  });

  test("has another codec by another module", () => {
    const container = new Container();
    container.load(codecModule(copyCodec("lzo-rle")));
    const stream = container.get<CodecRegistry>(CODEC_REGISTRY).codec("lzo-rle").createStream();
    expect(stream.compressedSize(new Uint8Array(4096))).toBe(4096);
  });
});

describe("parameters", () => {
  test("have zram's defaults", () => {
    const parameters = Object.fromEntries(kernelCodecs().map((codec) => [codec.name, codec.parameters]));
    expect(parameters).toEqual({
      "lzo-rle": {},
      lzo: {},
      lz4: { acceleration: 1 },
      zstd: { level: 3 },
      deflate: { level: 6, windowBits: 11, memLevel: 8 },
    });
  });

  test("change what comes out, and it still goes back", () => {
    const prng = new Prng(1);
    const noise = Uint8Array.from({ length: 5000 }, () => prng.below(256));
    const page = Uint8Array.from([...corpusBytes.subarray(0, 40_000), ...noise, ...noise]);
    for (const [codec, parameters] of [
      [lz4Codec(), { acceleration: 8 }],
      [lz4Codec(), { acceleration: 65_536 }],
      [zstdCodec(), { level: 19 }],
      [zstdCodec(), { level: -50 }],
      [deflateCodec(), { level: 1 }],
      [deflateCodec(), { windowBits: 15 }],
      [deflateCodec(), { memLevel: 1 }],
    ] as const) {
      const stream = codec.createStream(parameters);
      const compressed = stream.compress(page);
      expect(compressed.length).not.toBe(codec.createStream().compressedSize(page));
      const target = new Uint8Array(page.length);
      stream.decompress(compressed, target);
      expect(Buffer.compare(target, page)).toBe(0);
    }
  });

  test.each([
    [lz4Codec(), { acceleration: 0 }],
    [lz4Codec(), { acceleration: 65_537 }],
    [lz4Codec(), { level: 1 }],
    [lzoRleCodec(), { level: 1 }],
    [zstdCodec(), { level: 23 }],
    [zstdCodec(), { level: 2.5 }],
    [deflateCodec(), { level: 10 }],
    [deflateCodec(), { windowBits: 8 }],
    [deflateCodec(), { level: Number.NaN }],
  ])("%# are refused", (codec, parameters) => {
    expect(() => codec.createStream(parameters)).toThrow(withCode("PARAMETERS"));
  });

  test("every error is a ZlabError with a code of its own", () => {
    let error: unknown;
    try {
      lz4Codec().createStream({ speed: 1 });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CodecError);
    expect(ZlabError.is(error, "ZLAB_CODEC_PARAMETERS")).toBe(true);
    expect(String(error)).toBe('CodecError: lz4 has no parameter "speed"; it has: acceleration');
  });
});
