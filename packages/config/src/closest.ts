/** Edits beyond which a suggestion would be a guess. */
const DISTANCE_MAX = 4;
/** A word that another one starts with is nearer than a slip of the pen: `sizeMax` means `sizeMaxBytes`. */
const PREFIX_DISTANCE = 0.5;

/** The candidate that `word` most likely was meant to be, or `null`. */
export function closest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.min(DISTANCE_MAX, Math.ceil(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = distanceOf(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function distanceOf(word: string, candidate: string): number {
  const isPrefix = word.length > 2 && (candidate.startsWith(word) || word.startsWith(candidate));
  return isPrefix ? PREFIX_DISTANCE : editDistance(word, candidate);
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
