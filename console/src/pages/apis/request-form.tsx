// The form of a request to a stage: method, path parameters, query, headers, body.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import type { DeployedMethod } from "../../api/gateway";
import { REQUEST_VERBS } from "../../model/resource-tree";
import {
  asCurl,
  type Draft,
  missingParameters,
  parametersOf,
  pathAndQuery,
  readHeaders,
  takesBody,
} from "../../model/stage-request";

const MONOSPACE = { style: { fontFamily: "monospace" } };

/** A method, and the verb with which it is asked. */
export interface Target {
  readonly method: DeployedMethod;
  readonly verb: string;
}

interface Props {
  readonly methods: readonly DeployedMethod[];
  readonly target: Target;
  readonly onTarget: (method: DeployedMethod, verb: string) => void;
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly baseUrl: string;
  readonly sending: boolean;
  readonly onSend: () => void;
}

export function RequestForm(props: Props) {
  const { target, draft, onDraft, baseUrl } = props;
  const { path } = target.method;
  const { headers, problem } = readHeaders(draft.headers);
  const missing = missingParameters(path, draft);
  const url = baseUrl + pathAndQuery(path, draft);
  const ready = missing.length === 0 && !problem;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) props.onSend();
      }}
    >
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <Button variant="primary" formAction="submit" loading={props.sending} disabled={!ready}>
                Send request
              </Button>
            }
          >
            Request
          </Header>
        }
      >
        <SpaceBetween size="m">
          <MethodFields {...props} />
          {parametersOf(path).map(({ name, greedy }) => (
            <FormField
              key={name}
              label={`Path parameter ${name}`}
              constraintText={greedy ? "The rest of the path, with its slashes." : undefined}
              stretch
            >
              <Input
                value={draft.parameters[name] ?? ""}
                onChange={({ detail }) =>
                  onDraft({ ...draft, parameters: { ...draft.parameters, [name]: detail.value } })
                }
              />
            </FormField>
          ))}
          <FormField label="Query string" stretch>
            <Input
              value={draft.query}
              placeholder="name=value&other=value"
              onChange={({ detail }) => onDraft({ ...draft, query: detail.value })}
            />
          </FormField>
          <FormField label="Headers" errorText={problem} stretch>
            <Textarea
              nativeTextareaAttributes={MONOSPACE}
              value={draft.headers}
              rows={2}
              placeholder="Name: value"
              spellcheck={false}
              onChange={({ detail }) => onDraft({ ...draft, headers: detail.value })}
            />
          </FormField>
          {takesBody(target.verb) && (
            <FormField label="Request body" stretch>
              <Textarea
                nativeTextareaAttributes={MONOSPACE}
                value={draft.body}
                rows={6}
                spellcheck={false}
                onChange={({ detail }) => onDraft({ ...draft, body: detail.value })}
              />
            </FormField>
          )}
          <Box color="text-body-secondary" fontSize="body-s">
            <CopyToClipboard
              variant="inline"
              textToCopy={asCurl(target.verb, url, headers, draft.body)}
              textToDisplay={`${target.verb} ${url}`}
              wrapText
              copyButtonAriaLabel="Copy as curl"
              copySuccessText="The curl command is copied"
              copyErrorText="Could not be copied"
            />
            {missing.length > 0 && <div>Fill in {missing.join(", ")} to send it.</div>}
          </Box>
        </SpaceBetween>
      </Container>
    </form>
  );
}

function MethodFields({ methods, target, onTarget }: Props) {
  const options = methods.map((method) => ({ value: `${method.verb} ${method.path}`, method }));
  const { method, verb } = target;
  return (
    <SpaceBetween size="m">
      <FormField label="Method" stretch>
        <Select
          options={options.map(({ value }) => ({ value, label: value }))}
          selectedOption={{ value: `${method.verb} ${method.path}`, label: `${method.verb} ${method.path}` }}
          filteringType={options.length > 10 ? "auto" : "none"}
          onChange={({ detail }) => {
            const chosen = options.find((option) => option.value === detail.selectedOption.value);
            if (chosen) onTarget(chosen.method, chosen.method.verb);
          }}
        />
      </FormField>
      {method.verb === "ANY" && (
        <FormField label="HTTP method">
          <Select
            options={REQUEST_VERBS.map((value) => ({ value, label: value }))}
            selectedOption={{ value: verb, label: verb }}
            onChange={({ detail }) => onTarget(method, detail.selectedOption.value ?? "GET")}
          />
        </FormField>
      )}
    </SpaceBetween>
  );
}
