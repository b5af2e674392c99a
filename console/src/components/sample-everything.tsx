// The button that samples everything of an API, wherever an API is shown.

import Button from "@cloudscape-design/components/button";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { forgetRules, sampleEverythingOf, samplingRulesQuery } from "../api/sampling";
import { explain, tellFailure, tellSuccess } from "../app/notices";
import { type ApiIdentity, type ApiPlan, planForApi, type SamplingRule } from "../model/sampling";
import { PageLink } from "./page-link";

export function SampleEverything({ api, variant = "normal" }: { api: ApiIdentity; variant?: "normal" | "primary" }) {
  const queries = useQueryClient();
  const rules = useQuery(samplingRulesQuery);
  const change = useMutation({
    mutationFn: () => sampleEverythingOf(api),
    onSuccess: (plan) => {
      tellSuccess(told(api, plan));
      return forgetRules(queries);
    },
    onError: (error) => tellFailure(`The sampling of ${api.name} could not be changed`, error),
  });
  const plan = rules.data && planForApi(api, rules.data);
  if (plan?.kind === "done") {
    return (
      <StatusIndicator type="success">
        Everything is sampled, by rule <RuleLink rule={plan.rule} />
      </StatusIndicator>
    );
  }
  if (plan?.kind === "blocked") {
    return (
      <StatusIndicator type="warning">
        Rule <RuleLink rule={plan.by} /> has priority 1 and decides first; give it a higher number
      </StatusIndicator>
    );
  }
  return (
    <Button
      variant={variant}
      onClick={() => change.mutate()}
      loading={change.isPending}
      disabled={!plan}
      disabledReason={
        rules.isError
          ? `The sampling rules could not be read. ${explain(rules.error)}`
          : "The sampling rules are being read."
      }
      wrapText={false}
      ariaLabel={`Sample everything of ${api.name}`}
    >
      Sample everything
    </Button>
  );
}

function RuleLink({ rule }: { rule: SamplingRule }) {
  return (
    <PageLink to="/sampling/$ruleName" params={{ ruleName: rule.name }}>
      {rule.name}
    </PageLink>
  );
}

function told(api: ApiIdentity, plan: ApiPlan): string {
  switch (plan.kind) {
    case "done":
      return `Everything of ${api.name} was sampled already, by rule ${plan.rule.name}`;
    case "create":
      return `Everything of ${api.name} is sampled now, by the new rule ${plan.rule.name}`;
    case "update":
      return `Everything of ${api.name} is sampled now, by rule ${plan.rule.name}`;
    case "blocked":
      return `Nothing was changed: rule ${plan.by.name} has priority 1 and decides first`;
  }
}
