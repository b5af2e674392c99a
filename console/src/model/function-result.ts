// What a function answered: its payload, or the error in the shape in which Lambda hands it on. Source: Lambda guide,
// function errors; each runtime spells its own.

export interface FunctionError {
  readonly type: string;
  readonly message: string;
  /** Frames, innermost where the runtime puts it. */
  readonly stack: readonly string[];
}

/** The error that a payload tells, when the answer says that it is one. */
export function readFunctionError(payload: string): FunctionError {
  const told = parsed(payload);
  if (typeof told !== "object" || told === null) return { type: "Unhandled", message: payload, stack: [] };
  const { errorType, errorMessage, stackTrace, trace } = told as Record<string, unknown>;
  const frames = Array.isArray(stackTrace) ? stackTrace : Array.isArray(trace) ? trace : [];
  return {
    type: typeof errorType === "string" && errorType ? errorType : "Unhandled",
    message: typeof errorMessage === "string" ? errorMessage : "",
    stack: frames.flat().map((frame) => String(frame).trimEnd()),
  };
}

/** JSON in a form for reading; anything else as it is. */
export function readable(text: string): string {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

/** Why this is no JSON; undefined when it is, or when it is empty. */
export function jsonProblem(text: string): string | undefined {
  if (!text.trim()) return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What `X-Amz-Log-Result` holds: the last 4 KB that the invocation wrote, in base64. */
export function decodeLogTail(encoded: string): string {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** What Lambda's own line at the end of an invocation reports. */
export interface InvocationReport {
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedMs: number | undefined;
  readonly memoryMb: number | undefined;
  readonly usedMb: number | undefined;
  /** Only of an invocation that began with a new environment. */
  readonly initMs: number | undefined;
}

/** `REPORT RequestId: …  Duration: 1.73 ms  Billed Duration: 2 ms  Memory Size: 128 MB  Max Memory Used: 40 MB`. */
export function readReport(log: string): InvocationReport | undefined {
  const line = log.split("\n").findLast((one) => one.startsWith("REPORT RequestId:"));
  if (!line) return undefined;
  const number = (label: string) => {
    const found = new RegExp(`\\t${label}: ([0-9.]+)`).exec(line)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const durationMs = number("Duration");
  if (durationMs === undefined) return undefined;
  return {
    requestId: /RequestId: (\S+)/.exec(line)?.[1] ?? "",
    durationMs,
    billedMs: number("Billed Duration"),
    memoryMb: number("Memory Size"),
    usedMb: number("Max Memory Used"),
    initMs: number("Init Duration"),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
