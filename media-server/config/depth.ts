/** Nothing of ours is nested nearly as deep; deeper values only cost the stack of whoever walks them. */
const MAX_DEPTH = 64;

/** What is wrong with a value that was read, or null. */
export function depthFault(value: unknown): string | null {
  return depthOf(value) > MAX_DEPTH ? `nested deeper than ${MAX_DEPTH} levels` : null;
}

/** Looks no deeper than it needs to know. */
function depthOf(value: unknown, depth = 0): number {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return depth;
  return Object.values(value).reduce<number>((deepest, child) => Math.max(deepest, depthOf(child, depth + 1)), depth);
}
