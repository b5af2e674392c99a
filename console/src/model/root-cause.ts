// Root causes, as both summaries of traces and groups of failures tell them.

/**
 * The exception that began it, by the exceptions of each entity of a path: the deepest entity that recorded any has it,
 * and of a chain the first is the outermost.
 */
export function exceptionOf<Exception>(recorded: readonly (readonly Exception[])[]): Exception | undefined {
  return recorded.findLast((exceptions) => exceptions.length > 0)?.[0];
}
