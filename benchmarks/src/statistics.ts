// Medians and their spread.

/** The value below which the given share (0 to 1) of the samples lies, by rank. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))]!;
}

/** The sample in the middle. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** A median with the 10th and the 90th percentile. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** The spread of at least one sample. */
export function spreadOf(samples: readonly number[]): Spread {
  return { median: median(samples), p10: quantile(samples, 0.1), p90: quantile(samples, 0.9) };
}
