// Names by which the container knows the services of this package.

/** One `Codec`, by its name as the binding's name: `container.get(CODEC, { name: "lzo-rle" })`. */
export const CODEC: unique symbol = Symbol.for("zlab.codec");
/** Every `Codec` that was loaded: `container.getAll(CODECS)`. */
export const CODECS: unique symbol = Symbol.for("zlab.codecs");
/** The `CodecRegistry` over the container's codecs. */
export const CODEC_REGISTRY: unique symbol = Symbol.for("zlab.codec-registry");
