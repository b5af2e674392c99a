// The wildcards of sampling rules: `*` stands for any text, `?` for any one character, the whole value must match, case
// does not count (`crates/sampling/src/pattern.rs`). Here they are held against texts and against each other.

/** Whether the whole of the text matches. */
export function matches(pattern: string, text: string): boolean {
  return walk(pattern, text, (a, b) => a === "?" || a === b, false);
}

/** Whether there is a text that both patterns match. */
export function overlap(one: string, other: string): boolean {
  const either = (a: string, b: string) => a === "?" || b === "?" || a === b;
  return walk(one, other, either, true);
}

/**
 * Whether the first pattern matches whatever the second does. It may say no where the answer is yes (`?*` covers `*?`),
 * never yes where it is no.
 */
export function covers(general: string, special: string): boolean {
  const within = (a: string, b: string) => b !== "*" && (a === "?" || a === b);
  return walk(general, special, within, false);
}

/**
 * Walks through both patterns at once: a `*` of the first takes any part of the second, one of the second any part of
 * the first if `bothTake`, and what else stands opposite must be `alike`.
 */
function walk(one: string, other: string, alike: (a: string, b: string) => boolean, bothTake: boolean): boolean {
  const [first, second] = [characters(one), characters(other)];
  // Whether the rest of the first, from the place before which this row stands, goes with each rest of the second.
  let below: boolean[] = [];
  for (let i = first.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = second.length; j >= 0; j--) {
      const [a, b] = [first[i], second[j]];
      const [withoutA, withoutB] = [below[j] ?? false, row[j + 1] ?? false];
      if (a === undefined && b === undefined) row[j] = true;
      else if (a === "*" || (bothTake && b === "*")) row[j] = withoutA || withoutB;
      else row[j] = a !== undefined && b !== undefined && alike(a, b) && (below[j + 1] ?? false);
    }
    below = row;
  }
  return below[0] ?? false;
}

function characters(pattern: string): string[] {
  return [...pattern.toLowerCase()];
}
