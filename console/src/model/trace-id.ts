// Trace ids: X-Ray's spelling `1-5759e988-bd862e3fe1be46a994272793`, or the same 128 bits as 32 digits in one run.

declare const canonical: unique symbol;

/** A trace id in X-Ray's spelling, in small letters. */
export type TraceId = string & { readonly [canonical]: "trace id" };

/** Reads either spelling; undefined for what is no trace id. */
export function parseTraceId(text: string): TraceId | undefined {
  const lower = text.trim().toLowerCase();
  const found = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(lower) ?? /^([0-9a-f]{8})([0-9a-f]{24})$/.exec(lower);
  return found ? (`1-${found[1]}-${found[2]}` as TraceId) : undefined;
}
