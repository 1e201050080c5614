/** Shares of a machine's pages that a pool holds when the pairs are made. 1: until the first malloc is refused. */
export const PRESSURE_LEVELS: readonly number[] = [0.5, 0.75, 0.9, 1];
