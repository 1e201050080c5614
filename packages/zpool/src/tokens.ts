// Names by which the container knows the services of this package.

/** One `ZpoolDriver`, by its type as the binding's name: `container.get(ZPOOL_DRIVER, { name: "zsmalloc" })`. */
export const ZPOOL_DRIVER: unique symbol = Symbol.for("zlab.zpool-driver");
/** Every `ZpoolDriver` that was loaded: `container.getAll(ZPOOL_DRIVERS)`. */
export const ZPOOL_DRIVERS: unique symbol = Symbol.for("zlab.zpool-drivers");
/** The `ZpoolRegistry` over the container's machine and drivers. */
export const ZPOOL_REGISTRY: unique symbol = Symbol.for("zlab.zpool-registry");
/** A `Zpool`, bound by `poolModule` under the pool's name. */
export const ZPOOL: unique symbol = Symbol.for("zlab.zpool");
