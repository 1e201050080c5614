// Names by which the container knows the services of this package.

/** The `ZramControl` over the container's pools and codecs. */
export const ZRAM_CONTROL: unique symbol = Symbol.for("zlab.zram-control");
