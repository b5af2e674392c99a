// The list to take along: the question as a command, the answer as a file.

import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import { copyText, downloadText } from "../../app/take-away";
import type { TimeSearch, Window } from "../../app/time";
import { awsSummariesCommand, csvOf, fluoroCommand, jsonOf } from "../../model/list-export";
import type { TraceRow } from "../../model/trace-row";

interface Props {
  readonly rows: readonly TraceRow[];
  readonly expression: string;
  readonly time: TimeSearch;
  readonly window: Window;
}

export function TakeAway({ rows, expression, time, window }: Props) {
  const { origin } = globalThis.location;
  const command = fluoroCommand(expression, time, origin);
  const aws = awsSummariesCommand(expression, window, origin);
  const items: ButtonDropdownProps.ItemOrGroup[] = [
    {
      text: "Copy",
      items: [
        { id: "link", text: "Link to this view" },
        {
          id: "fluoro",
          text: "fluoro command",
          disabled: command === undefined,
          disabledReason: "It asks for what is relative to now only.",
        },
        {
          id: "aws",
          text: "AWS CLI command",
          description: "aws xray get-trace-summaries, for this server",
          disabled: aws === undefined,
          disabledReason: "GetTraceSummaries answers for a day at most.",
        },
      ],
    },
    {
      text: "Download",
      items: [
        { id: "csv", text: "Traces found as CSV", disabled: rows.length === 0 },
        { id: "json", text: "Traces found as JSON", disabled: rows.length === 0 },
      ],
    },
  ];

  function act(action: string): void {
    if (action === "link") void copyText("Link", globalThis.location.href);
    else if (action === "fluoro") void copyText("Command", command ?? "");
    else if (action === "aws") void copyText("Command", aws ?? "");
    else if (action === "csv") downloadText("traces.csv", csvOf(rows), "text/csv");
    else if (action === "json") downloadText("traces.json", jsonOf(rows), "application/json");
  }

  return (
    <ButtonDropdown items={items} expandToViewport onItemClick={({ detail }) => act(detail.id)}>
      Actions
    </ButtonDropdown>
  );
}
