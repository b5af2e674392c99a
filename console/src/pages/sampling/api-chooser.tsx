// All APIs, each with its button to sample everything of it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type GatewayRestApi, getRestApis } from "../../api/aws";
import { call } from "../../api/operation";
import { SampleEverything } from "../../components/sample-everything";
import { Empty, Failure, Loading } from "../../components/states";

async function restApis(signal: AbortSignal): Promise<GatewayRestApi[]> {
  const apis: GatewayRestApi[] = [];
  let position: string | undefined;
  do {
    const page = await call(getRestApis, { limit: 500, ...(position && { position }) }, signal);
    apis.push(...(page.item ?? []));
    position = page.position;
  } while (position);
  return apis;
}

export function ApiChooser({ visible, onDismiss }: { visible: boolean; onDismiss: () => void }) {
  return (
    <Modal
      visible={visible}
      onDismiss={onDismiss}
      header="Sample everything of an API"
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onDismiss}>
            Done
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>
          Makes a rule with a rate of 100% for the API's stages, asked before the rules that keep less. Stages without
          X-Ray tracing record nothing all the same, and a caller's trace header wins.
        </Box>
        {visible && <Apis onLeave={onDismiss} />}
      </SpaceBetween>
    </Modal>
  );
}

function Apis({ onLeave }: { onLeave: () => void }) {
  const router = useRouter();
  const apis = useQuery({ queryKey: ["apis", "all"], queryFn: ({ signal }) => restApis(signal) });
  if (apis.isPending) return <Loading what="the APIs" />;
  if (apis.isError) {
    return <Failure what="The APIs could not be listed" error={apis.error} retry={() => void apis.refetch()} />;
  }
  return (
    <Table
      variant="borderless"
      items={apis.data}
      trackBy="id"
      ariaLabels={{ tableLabel: "APIs" }}
      columnDefinitions={[
        { id: "name", header: "API", isRowHeader: true, cell: (api) => api.name },
        {
          id: "sampling",
          header: "Sampling",
          cell: ({ id, name }) => (id && name ? <SampleEverything api={{ id, name }} /> : null),
        },
      ]}
      empty={
        <Empty title="No API yet">
          <p>Deploy one, for example with fluoro up, and choose it here.</p>
          <Button
            onClick={() => {
              onLeave();
              void router.navigate({ to: "/start" });
            }}
          >
            Show how
          </Button>
        </Empty>
      }
    />
  );
}
