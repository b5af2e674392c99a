// The fields of a rule. What is wrong with one stands at it.

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { commonValues, type Decision } from "../../model/decisions";
import type { AttributeDraft, FieldErrors, RuleDraft } from "../../model/rule-draft";
import { DEFAULT_RULE, PATTERNS, type PatternName } from "../../model/sampling";
import { PATTERN_LABELS } from "./conditions";

interface Props {
  draft: RuleDraft;
  onChange: (draft: RuleDraft) => void;
  errors: FieldErrors;
  isNew: boolean;
  /** Requests that came lately: what they had is suggested. */
  requests: readonly Decision[];
}

/** Types of service that people sample by, whether or not any was seen here. */
const KNOWN_TYPES = [
  "AWS::ApiGateway::Stage",
  "AWS::AppSync::GraphQLAPI",
  "AWS::EC2::Instance",
  "AWS::ECS::Container",
  "AWS::EKS::Container",
  "AWS::ElasticBeanstalk::Environment",
];

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

const HINTS: Readonly<Record<PatternName, string>> = {
  serviceName: "Of a stage: the API's name, a slash, the stage's name.",
  serviceType: "What the service runs on.",
  host: "As the client's Host header has it.",
  httpMethod: "GET, POST and so on.",
  urlPath: "Without the query; of a stage it begins with the stage's name.",
  resourceArn: "Of a stage: its ARN. The X-Ray SDKs ignore rules that ask for one.",
};

const MOST_ATTRIBUTES = 5;

export function RuleForm(props: Props) {
  return (
    <SpaceBetween size="l">
      <Amounts {...props} />
      {props.draft.name !== DEFAULT_RULE && (
        <>
          <Conditions {...props} />
          <BoostFields {...props} />
        </>
      )}
    </SpaceBetween>
  );
}

function Amounts({ draft, onChange, errors, isNew }: Props) {
  const isDefault = draft.name === DEFAULT_RULE;
  return (
    <Container header={<Header variant="h2">How much is sampled</Header>}>
      <SpaceBetween size="l">
        {isNew && (
          <FormField
            label="Rule name"
            constraintText="At most 32 characters. It cannot be changed later."
            errorText={errors.name}
          >
            <Input value={draft.name} onChange={({ detail }) => onChange({ ...draft, name: detail.value })} autoFocus />
          </FormField>
        )}
        <ColumnLayout columns={3} minColumnWidth={140}>
          <FormField
            label="Priority"
            constraintText={isDefault ? "Default is asked last." : "1 to 9999; smaller is asked earlier."}
            errorText={errors.priority}
          >
            <NumberInput
              value={draft.priority}
              disabled={isDefault}
              onChange={(priority) => onChange({ ...draft, priority })}
            />
          </FormField>
          <FormField label="Reservoir" constraintText="Requests a second, all kept." errorText={errors.reservoirSize}>
            <NumberInput
              value={draft.reservoirSize}
              onChange={(reservoirSize) => onChange({ ...draft, reservoirSize })}
            />
          </FormField>
          <FormField label="Rate (%)" constraintText="Share of the requests beyond." errorText={errors.fixedRate}>
            <NumberInput value={draft.fixedRate} onChange={(fixedRate) => onChange({ ...draft, fixedRate })} />
          </FormField>
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}

function Conditions({ draft, onChange, errors, requests }: Props) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="A request fits when all of it fits. * stands for any text, ? for one character; case does not count."
        >
          Which requests fit
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ColumnLayout columns={2} minColumnWidth={220}>
          {PATTERNS.map((name) => (
            <FormField key={name} label={PATTERN_LABELS[name]} constraintText={HINTS[name]} errorText={errors[name]}>
              <Autosuggest
                value={draft[name]}
                onChange={({ detail }) => onChange({ ...draft, [name]: detail.value })}
                options={suggestions(name, requests).map((value) => ({ value }))}
                enteredTextLabel={(text) => `Use "${text}"`}
                ariaLabel={PATTERN_LABELS[name]}
                filteringType="manual"
                expandToViewport
              />
            </FormField>
          ))}
        </ColumnLayout>
        <FormField
          label="Attributes"
          description="Of requests to a stage: their headers. A request without the header does not fit."
          errorText={errors.attributes}
          stretch
        >
          <AttributeEditor<AttributeDraft>
            items={draft.attributes}
            addButtonText="Add attribute"
            removeButtonText="Remove"
            removeButtonAriaLabel={({ name }) => `Remove attribute ${name}`}
            disableAddButton={draft.attributes.length >= MOST_ATTRIBUTES}
            additionalInfo={`At most ${MOST_ATTRIBUTES}.`}
            empty="The rule asks for no attribute."
            onAddButtonClick={() => onChange({ ...draft, attributes: [...draft.attributes, { name: "", value: "*" }] })}
            onRemoveButtonClick={({ detail }) =>
              onChange({ ...draft, attributes: draft.attributes.filter((_, place) => place !== detail.itemIndex) })
            }
            definition={(["name", "value"] as const).map((part) => ({
              label: part === "name" ? "Name" : "Value",
              control: (item, place) => (
                <Input
                  value={item[part]}
                  ariaLabel={part === "name" ? "Attribute name" : `Value of attribute ${item.name}`}
                  onChange={({ detail }) => {
                    const changed = { ...item, [part]: detail.value };
                    onChange({
                      ...draft,
                      attributes: draft.attributes.map((one, at) => (at === place ? changed : one)),
                    });
                  }}
                />
              ),
            }))}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function BoostFields({ draft, onChange, errors }: Props) {
  return (
    <Container
      header={
        <Header variant="h2" description="Raises the rate for at most a minute when faults go unrecorded.">
          Boost
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Checkbox checked={draft.boosted} onChange={({ detail }) => onChange({ ...draft, boosted: detail.checked })}>
          Raise the rate on anomalies
        </Checkbox>
        {draft.boosted && (
          <ColumnLayout columns={2} minColumnWidth={180}>
            <FormField
              label="Highest rate (%)"
              constraintText="The rate is never raised above."
              errorText={errors.maxRate}
            >
              <NumberInput value={draft.maxRate} onChange={(maxRate) => onChange({ ...draft, maxRate })} />
            </FormField>
            <FormField
              label="Cooldown (minutes)"
              constraintText="One boost in so much time."
              errorText={errors.cooldownMinutes}
            >
              <NumberInput
                value={draft.cooldownMinutes}
                onChange={(cooldownMinutes) => onChange({ ...draft, cooldownMinutes })}
              />
            </FormField>
          </ColumnLayout>
        )}
      </SpaceBetween>
    </Container>
  );
}

interface NumberProps {
  value: string;
  disabled?: boolean;
  onChange: (value: string) => void;
}

function NumberInput({ value, disabled = false, onChange }: NumberProps) {
  return (
    <Input inputMode="decimal" value={value} disabled={disabled} onChange={({ detail }) => onChange(detail.value)} />
  );
}

function suggestions(name: PatternName, requests: readonly Decision[]): string[] {
  const known = name === "serviceType" ? KNOWN_TYPES : name === "httpMethod" ? METHODS : [];
  return [...new Set(["*", ...commonValues(requests, name).slice(0, 20), ...known])];
}
