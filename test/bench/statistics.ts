/** Returns the smallest value that this share of the values does not exceed (nearest rank); NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** `p50 1.2, p99 3.4, max 5.6 ms (200)`: the last number says how many values there are. */
export function spread(values: readonly number[]): string {
  const at = (share: number): string => percentile(values, share).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms (${values.length})`;
}
