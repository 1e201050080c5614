// Names by which the container knows the services of this package.

/** A `Machine`. */
export const MACHINE: unique symbol = Symbol.for("zlab.machine");
