// A rule by itself: making one, and changing one, with what it would keep beside it.

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../../api/operation";
import { createRule, decisionsQuery, forgetRules, samplingRulesQuery, updateRule } from "../../api/sampling";
import { saidBy, tellSuccess } from "../../app/notices";
import { Empty, Failure, Loading } from "../../components/states";
import { Trail } from "../../components/trail";
import { draftOf, NEW_DRAFT, type RuleDraft, readDraft, readRefusal } from "../../model/rule-draft";
import { DEFAULT_RULE, type SamplingRule } from "../../model/sampling";
import { DeleteRule } from "./delete-rule";
import { Preview, usePreview } from "./preview";
import { RuleForm } from "./rule-form";

const newRoute = getRouteApi("/sampling/new");
const editRoute = getRouteApi("/sampling/$ruleName");

export function NewRulePage() {
  const patterns = newRoute.useSearch();
  const rules = useQuery(samplingRulesQuery);
  if (rules.isPending) return <Loading what="the rules" />;
  if (rules.isLoadingError) {
    return <Failure what="The rules could not be read" error={rules.error} retry={rules.refetch} />;
  }
  return <RulePage title="Create sampling rule" start={{ ...NEW_DRAFT, ...patterns }} rules={rules.data} isNew />;
}

export function EditRulePage() {
  const { ruleName } = editRoute.useParams();
  const rules = useQuery(samplingRulesQuery);
  const router = useRouter();
  if (rules.isPending) return <Loading what="the rule" />;
  if (rules.isLoadingError) {
    return <Failure what="The rule could not be read" error={rules.error} retry={rules.refetch} />;
  }
  const rule = rules.data.find(({ name }) => name === ruleName);
  if (!rule) {
    return (
      <ContentLayout header={<Header variant="h1">{`Sampling rule ${ruleName}`}</Header>}>
        <Trail crumbs={[{ text: "Sampling", to: "/sampling" }, { text: ruleName }]} />
        <Empty title={`There is no sampling rule ${ruleName}`}>
          <p>It was deleted, or lives in another region.</p>
          <Button onClick={() => void router.navigate({ to: "/sampling" })}>Show the rules</Button>
        </Empty>
      </ContentLayout>
    );
  }
  return (
    <RulePage key={ruleName} title={ruleName} start={draftOf(rule)} rules={rules.data} isNew={false} rule={rule} />
  );
}

interface Props {
  title: string;
  start: RuleDraft;
  rules: readonly SamplingRule[];
  isNew: boolean;
  /** The rule as it is, when it is there. */
  rule?: SamplingRule;
}

function RulePage({ title, start, rules, isNew, rule }: Props) {
  const router = useRouter();
  const queries = useQueryClient();
  const form = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState(start);
  const [deleting, setDeleting] = useState(false);
  const recent = useQuery({ ...decisionsQuery({ limit: 200 }), refetchInterval: 10_000 });
  const requests = recent.data ?? [];
  const preview = usePreview(draft, rules, isNew);
  const leave = () => void router.navigate({ to: "/sampling" });
  const save = useMutation({
    mutationFn: (wanted: SamplingRule) => (isNew ? createRule(wanted) : updateRule(wanted)),
    onSuccess: (_, wanted) => {
      tellSuccess(isNew ? `Rule ${wanted.name} is in force` : `Rule ${wanted.name} is changed`);
      leave();
      return forgetRules(queries);
    },
  });

  const read = readDraft(draft);
  const refused = save.error ? readRefusal(saidBy(save.error)) : undefined;
  const errors = { ...preview.refusal?.fields, ...refused?.fields, ...("errors" in read ? read.errors : {}) };
  // Whoever tried to save finds themselves at the first thing to mend.
  useEffect(() => {
    if (save.isError) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [save.isError]);
  const submit = () => {
    if ("rule" in read) save.mutate(read.rule);
    else form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  };

  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={!isNew && rule?.name !== DEFAULT_RULE && <Button onClick={() => setDeleting(true)}>Delete</Button>}
        >
          {isNew ? title : `Sampling rule ${title}`}
        </Header>
      }
    >
      <Trail crumbs={[{ text: "Sampling", to: "/sampling" }, { text: title }]} />
      <Grid gridDefinition={[{ colspan: { default: 12, m: 7 } }, { colspan: { default: 12, m: 5 } }]}>
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Form
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" formAction="none" onClick={leave}>
                  Cancel
                </Button>
                <Button variant="primary" loading={save.isPending}>
                  {isNew ? "Create rule" : "Save changes"}
                </Button>
              </SpaceBetween>
            }
          >
            <div ref={form}>
              <SpaceBetween size="l">
                {refused?.rest && (
                  <Alert type="error" header={isNew ? "The rule was not created" : "The rule was not changed"}>
                    {refused.rest} {save.error instanceof ApiError && save.error.nextStep}
                  </Alert>
                )}
                <RuleForm
                  draft={draft}
                  onChange={(changed) => {
                    setDraft(changed);
                    save.reset();
                  }}
                  errors={errors}
                  isNew={isNew}
                  requests={requests}
                />
              </SpaceBetween>
            </div>
          </Form>
        </form>
        <Preview preview={preview} rules={rules} requests={requests} />
      </Grid>
      {deleting && rule && <DeleteRule rule={rule} onDismiss={() => setDeleting(false)} onDeleted={leave} />}
    </ContentLayout>
  );
}
