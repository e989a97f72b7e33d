/** The largest edit distance that counts as a misspelling. */
const MAX_DISTANCE = 2;

/** The word that was most likely meant; null if none is close. */
export function nearest(given: string, words: readonly string[]): string | null {
  const asked = given.slice(0, 64).toLowerCase();
  const [best] = words
    .map((word) => ({ word, distance: distance(asked, word.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= MAX_DISTANCE)
    .sort((a, b) => a.distance - b.distance);
  return best?.word ?? null;
}

/** Levenshtein distance: letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
