// The doctor: what each client sent, what became of it, and how to mend what went wrong.

import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { doctorQuery } from "../../api/doctor";
import { Failure, Loading } from "../../components/states";
import type { Report } from "../../model/doctor";
import { Clients } from "./clients";
import { Daemons, HeldInMemory, InVain } from "./server";
import { VerdictAlert } from "./verdict";

export function DoctorPage() {
  const report = useQuery({ ...doctorQuery, refetchInterval: 3_000 });
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description="Every document that came in since the server started is counted, and what became of those that were not kept as they were."
          actions={
            <Button
              iconName="refresh"
              ariaLabel="Look again"
              loading={report.isFetching && !report.isPending}
              onClick={() => void report.refetch()}
            />
          }
        >
          Doctor
        </Header>
      }
    >
      <SpaceBetween size="l">
        {report.isPending && <Loading what="the report" />}
        {report.isError && (
          <Failure what="The report could not be read" error={report.error} retry={() => void report.refetch()} />
        )}
        {report.data && <Told report={report.data} />}
      </SpaceBetween>
    </ContentLayout>
  );
}

function Told({ report }: { report: Report }) {
  return (
    <SpaceBetween size="l">
      <VerdictAlert report={report} />
      <Clients lines={report.lines} />
      <HeldInMemory held={report.held} />
      {report.without_effect.length > 0 && <InVain settings={report.without_effect} />}
      {report.daemons.length > 0 && <Daemons daemons={report.daemons} />}
    </SpaceBetween>
  );
}
