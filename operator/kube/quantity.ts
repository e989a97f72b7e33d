const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };

/** Parses a Kubernetes `resource.Quantity`: `2`, `1.5`, `500m`, `256Mi`, `1e3`. Returns null if it is not valid. */
export function parseQuantity(value: unknown): number | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const match = QUANTITY.exec(String(value));
  if (!match) return null;
  const [, digits = '', suffix = '', exponent = '0'] = match;
  const binary = BINARY[suffix];
  // Parsed as text: a multiplication would round twice.
  return binary ? Number(digits) * 1024 ** binary : Number(`${Number(digits)}e${DECIMAL[suffix] ?? exponent}`);
}
