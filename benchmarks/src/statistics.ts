/** The value below which the given share (0 to 1) of the samples lies, by rank. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))]!;
}
