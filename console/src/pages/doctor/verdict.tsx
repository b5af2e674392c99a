// How things stand, in a sentence.

import Alert, { type AlertProps } from "@cloudscape-design/components/alert";
import { PageLink } from "../../components/page-link";
import { type Report, type Verdict, verdictOf } from "../../model/doctor";
import { formatCount } from "../../model/units";

export function VerdictAlert({ report }: { report: Report }) {
  const verdict = verdictOf(report);
  return (
    <Alert type={typeOf(verdict)} header={headline(verdict)}>
      {verdict.health === "nothing" ? (
        <>
          Point an SDK, an agent or a template at this server. <PageLink to="/start">How to send traces</PageLink>
        </>
      ) : (
        details(verdict)
      )}
    </Alert>
  );
}

function typeOf({ health }: Verdict): AlertProps.Type {
  switch (health) {
    case "lost":
      return "error";
    case "flawed":
      return "warning";
    case "well":
      return "success";
    case "nothing":
      return "info";
  }
}

function headline({ health, inTrouble }: Verdict): string {
  const clients = inTrouble === 1 ? "One client needs" : `${inTrouble} clients need`;
  switch (health) {
    case "lost":
      return `${clients} attention: some documents were lost`;
    case "flawed":
      return `${clients} attention: not all documents are whole`;
    case "well":
      return "All is well: what came in was kept whole";
    case "nothing":
      return "Nothing has come in yet";
  }
}

function details({ received, counts }: Verdict): string {
  const told = [
    `${formatCount(received)} received`,
    counts.refused > 0 && `${formatCount(counts.refused)} refused`,
    counts.dropped > 0 && `${formatCount(counts.dropped)} dropped`,
    counts.trimmed > 0 && `${formatCount(counts.trimmed)} fields trimmed`,
    counts.orphaned > 0 && `${formatCount(counts.orphaned)} without their parent`,
    counts.unsampled > 0 && `${formatCount(counts.unsampled)} left out by sampling, as the rules say`,
  ];
  return `${told.filter(Boolean).join(", ")}.`;
}
