// In which order a function's files are looked at.

interface NamedFile {
  readonly path: string;
  readonly text: string | null;
}

/** The file that a handler names: `src/app.handler` stands in `src/app.py`, `src/app.js` and the like. */
export function handlerFile<T extends NamedFile>(files: readonly T[], handler: string): T | undefined {
  const stem = handler.replace(/\.[^./]*$/, "").replaceAll("\\", "/");
  const named = files.filter((file) => file.path.replace(/\.[^./]*$/, "") === stem);
  return named.find((file) => file.text !== null) ?? files.find((file) => file.text !== null);
}

/** Texts before what cannot be shown, and what lies near the top before what packages bring. */
export function inReadingOrder<T extends NamedFile>(files: readonly T[]): T[] {
  const depth = (file: T) => file.path.split("/").length;
  return files.toSorted(
    (a, b) => Number(a.text === null) - Number(b.text === null) || depth(a) - depth(b) || (a.path < b.path ? -1 : 1),
  );
}
