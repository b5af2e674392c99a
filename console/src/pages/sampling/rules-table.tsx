// The rules in the order in which they are asked, with what each does at this moment.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { ruleCountsQuery, samplingRulesQuery } from "../../api/sampling";
import { PageLink } from "../../components/page-link";
import { Failure, Loading } from "../../components/states";
import { Trend } from "../../components/trend";
import { ratesNow, type Snapshot, trendOf } from "../../model/rule-rates";
import { DEFAULT_RULE, type SamplingRule } from "../../model/sampling";
import { formatCount, formatPercent, formatRate } from "../../model/units";
import { Conditions } from "./conditions";
import { DeleteRule } from "./delete-rule";

export function RulesTable() {
  const queries = useQueryClient();
  const router = useRouter();
  const rules = useQuery(samplingRulesQuery);
  const counts = useQuery(ruleCountsQuery(queries));
  const [chosen, setChosen] = useState<string>();
  const [deleting, setDeleting] = useState<SamplingRule>();
  if (rules.isPending) return <Loading what="the rules" />;
  if (rules.isError) {
    return <Failure what="The rules could not be read" error={rules.error} retry={() => void rules.refetch()} />;
  }
  const selected = rules.data.find(({ name }) => name === chosen);
  return (
    <SpaceBetween size="m">
      {counts.isError && <Failure what="What the rules do now could not be read" error={counts.error} />}
      <Table
        items={rules.data}
        columnDefinitions={columns(counts.data ?? [])}
        trackBy="name"
        variant="container"
        stickyColumns={{ first: 1 }}
        selectionType="single"
        selectedItems={selected ? [selected] : []}
        onSelectionChange={({ detail }) => setChosen(detail.selectedItems[0]?.name)}
        ariaLabels={{
          tableLabel: "Sampling rules",
          selectionGroupLabel: "Choose a rule",
          itemSelectionLabel: (_, rule) => rule.name,
        }}
        header={
          <Header
            counter={`(${rules.data.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  disabled={!selected || selected.name === DEFAULT_RULE}
                  disabledReason={
                    selected?.name === DEFAULT_RULE ? "Default is always there" : "Choose a rule in the table first"
                  }
                  onClick={() => setDeleting(selected)}
                >
                  Delete
                </Button>
                <Button
                  disabled={!selected}
                  disabledReason="Choose a rule in the table first"
                  onClick={() =>
                    selected && void router.navigate({ to: "/sampling/$ruleName", params: { ruleName: selected.name } })
                  }
                >
                  Edit
                </Button>
              </SpaceBetween>
            }
          >
            Rules
          </Header>
        }
      />
      {deleting && (
        <DeleteRule
          rule={deleting}
          onDismiss={() => setDeleting(undefined)}
          onDeleted={() => {
            setDeleting(undefined);
            setChosen(undefined);
          }}
        />
      )}
    </SpaceBetween>
  );
}

function columns(history: readonly Snapshot[]): TableProps.ColumnDefinition<SamplingRule>[] {
  const total = (rule: SamplingRule) => history.at(-1)?.counts[rule.name];
  return [
    {
      id: "name",
      header: "Rule",
      isRowHeader: true,
      cell: (rule) => (
        <PageLink to="/sampling/$ruleName" params={{ ruleName: rule.name }}>
          {rule.name}
        </PageLink>
      ),
    },
    { id: "priority", header: "Priority", cell: (rule) => formatCount(rule.priority) },
    { id: "conditions", header: "Requests that fit", minWidth: 200, cell: (rule) => <Conditions rule={rule} /> },
    {
      id: "amounts",
      header: "Samples",
      cell: (rule) => (
        <>
          {formatCount(rule.reservoirSize)}/s, then {formatPercent(rule.fixedRate)}
          {rule.boost && (
            <Box variant="small" display="block">
              up to {formatPercent(rule.boost.maxRate)} on anomalies
            </Box>
          )}
        </>
      ),
    },
    {
      id: "trend",
      header: "Last 2 minutes",
      cell: (rule) => <Trend columns={trendOf(history, rule.name)} label={`Requests that came to ${rule.name}`} />,
    },
    {
      id: "requests",
      header: "Fit now",
      cell: (rule) => (
        <>
          {formatRate(ratesNow(history, rule.name)?.requests)}
          <InAll count={total(rule)?.requests} what="in all" />
        </>
      ),
    },
    {
      id: "sampled",
      header: "Sampled now",
      cell: (rule) => {
        const rates = ratesNow(history, rule.name);
        return (
          <>
            {formatRate(rates?.sampled)}
            {rates?.share !== undefined && ` (${formatPercent(rates.share)})`}
            <InAll count={total(rule)?.sampled} what="in all" />
            <InAll count={total(rule)?.borrowed || undefined} what="borrowed" />
          </>
        );
      },
    },
  ];
}

function InAll({ count, what }: { count: number | undefined; what: string }) {
  if (count === undefined) return null;
  return (
    <Box variant="small" display="block">
      {formatCount(count)} {what}
    </Box>
  );
}
