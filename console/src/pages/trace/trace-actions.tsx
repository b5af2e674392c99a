// A trace to take along: as a link, as the AWS CLI's command, as a file; and traces like it.

import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import { useRouter } from "@tanstack/react-router";
import type { XRayTrace } from "../../api/aws";
import { copyText, downloadText } from "../../app/take-away";
import { quoted } from "../../model/filter/lex";
import { awsCommand, traceFile } from "../../model/trace/export";
import type { TraceId } from "../../model/trace-id";

interface Props {
  id: TraceId;
  trace: XRayTrace;
  url: string | undefined;
}

const ITEMS: readonly ButtonDropdownProps.ItemOrGroup[] = [
  {
    text: "Copy",
    items: [
      { id: "link", text: "Link to this view" },
      { id: "id", text: "Trace id" },
      { id: "command", text: "AWS CLI command", description: "aws xray batch-get-traces, for this server" },
    ],
  },
  { id: "file", text: "Download as JSON", iconName: "download" },
];

export function TraceActions({ id, trace, url }: Props) {
  const router = useRouter();
  const similar = { id: "similar", text: "Find traces of the same URL", iconName: "search" as const };
  const act = (action: string) => {
    if (action === "link") void copyText("Link", window.location.href);
    else if (action === "id") void copyText("Trace id", id);
    else if (action === "command") void copyText("Command", awsCommand(id, window.location.origin));
    else if (action === "file") downloadText(`trace-${id}.json`, traceFile(trace), "application/json");
    else if (action === "similar") {
      void router.navigate({ to: "/traces", search: { filter: `http.url = ${quoted(url ?? "")}` } });
    }
  };
  return (
    <ButtonDropdown
      items={url === undefined ? ITEMS : [...ITEMS, similar]}
      expandToViewport
      onItemClick={({ detail }) => act(detail.id)}
    >
      Actions
    </ButtonDropdown>
  );
}
