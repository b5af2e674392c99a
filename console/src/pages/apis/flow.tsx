// A method drawn from its request to its response: five steps, each of which can be chosen and then tells what it has.

import { Fragment } from "react";
import type { Step, StepId } from "../../model/integration";
import "./flow.css";

/** Which way the arrow before a step goes. */
const ARROWS: Readonly<Record<StepId, string>> = {
  "method-request": "flow-to-method",
  "integration-request": "flow-to-request",
  integration: "flow-to-integration",
  "integration-response": "flow-back flow-from-integration",
  "method-response": "flow-back flow-from-response",
};

export function Flow({
  steps,
  chosen,
  onChoose,
}: {
  steps: readonly Step[];
  chosen: StepId;
  onChoose: (step: StepId) => void;
}) {
  return (
    <ol className="flow" aria-label="From the request to the response">
      <li className="flow-client">Client</li>
      {steps.map((step) => (
        <Fragment key={step.id}>
          <Arrow kind={ARROWS[step.id]} />
          <li className={`flow-${step.id}`}>
            <button
              type="button"
              className="flow-step"
              aria-pressed={step.id === chosen}
              onClick={() => onChoose(step.id)}
            >
              <strong>{step.title}</strong>
              <span>{step.summary}</span>
            </button>
          </li>
        </Fragment>
      ))}
      <Arrow kind="flow-back flow-to-client" />
    </ol>
  );
}

function Arrow({ kind }: { kind: string }) {
  return <li className={`flow-arrow ${kind}`} aria-hidden="true" />;
}
