// What was thrown, what led to it, and where.

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Exception, Frame } from "../../../model/trace/documents";
import type { RowExceptions, Thrown } from "../../../model/trace/exceptions";
import type { Row } from "../../../model/trace/trace";

interface Props {
  thrown: RowExceptions;
  onGoTo: (row: Row) => void;
}

export function Exceptions({ thrown, onGoTo }: Props) {
  if (thrown.missing !== undefined) {
    return (
      <Alert type="info">
        It failed because of exception {thrown.missing}, which nothing in this trace has recorded. The part that did may
        still come, or was not sampled.
      </Alert>
    );
  }
  if (thrown.chains.length === 0) return <p>A cause is recorded, but no exception with it.</p>;
  return (
    <SpaceBetween size="l">
      {thrown.chains.map((chain, at) => (
        // Exceptions need not have ids; their order is all that tells them apart.
        <ol key={at} className="exceptions">
          {chain.map((one, step) => (
            <li key={step}>
              {step > 0 ? <p className="exception-link">Caused by</p> : null}
              <OneException thrown={one} onGoTo={onGoTo} />
            </li>
          ))}
        </ol>
      ))}
    </SpaceBetween>
  );
}

function OneException({ thrown, onGoTo }: { thrown: Thrown; onGoTo: (row: Row) => void }) {
  const { exception, elsewhere } = thrown;
  return (
    <div className="exception">
      <p className="exception-type">
        {exception.type ?? "Exception"}
        {exception.remote ? <span className="exception-remote"> thrown by the callee</span> : null}
      </p>
      {exception.message ? <p className="exception-message">{exception.message}</p> : null}
      {elsewhere ? (
        <p>
          Recorded by{" "}
          <Button variant="inline-link" onClick={() => onGoTo(elsewhere)}>
            {elsewhere.entity.name}
          </Button>
        </p>
      ) : null}
      <Stack exception={exception} />
    </div>
  );
}

function Stack({ exception }: { exception: Exception }) {
  const { stack = [], truncated = 0, skipped = 0 } = exception;
  return (
    <>
      {stack.length > 0 && (
        <ol className="stack" aria-label="Stack">
          {stack.map((frame, at) => (
            // The same frame comes again where a function calls itself.
            <li key={at}>
              <span className="stack-label">{frame.label || "(anonymous)"}</span>{" "}
              <span className="stack-place">{placeOf(frame)}</span>
            </li>
          ))}
        </ol>
      )}
      {truncated > 0 ? <p>{truncated} more frames were left out by the sender.</p> : null}
      {skipped > 0 ? <p>{skipped} exceptions before this one were left out by the sender.</p> : null}
    </>
  );
}

function placeOf({ path, line }: Frame): string {
  if (path === undefined) return "";
  return line === undefined ? path : `${path}:${line}`;
}
