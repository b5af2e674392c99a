// The event with which a function is tried: chosen, written, saved, sent.

import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { jsonProblem } from "../../model/function-result";
import { nameProblem, TEMPLATES, type TestEvent } from "../../model/test-event";
import { deleteEvent, saveEvent } from "./events";
import "./event-form.css";

interface Props {
  readonly name: string;
  readonly saved: readonly TestEvent[];
  /** The name of the event that the text began as. */
  readonly chosen: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly sampled: boolean;
  readonly onSampled: (sampled: boolean) => void;
  readonly running: boolean;
  readonly onInvoke: () => void;
}

const route = getRouteApi("/functions/$name");

export function EventForm(props: Props) {
  const { name, saved, chosen, text, onText } = props;
  const navigate = route.useNavigate();
  const problem = jsonProblem(text);
  const choose = (event: string | undefined) =>
    void navigate({ search: ({ event: _, ...before }) => ({ ...before, ...(event && { event }) }), replace: true });
  const option = (event: TestEvent) => ({ value: event.name, label: event.name });
  const isSaved = saved.some((event) => event.name === chosen);
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button variant="primary" loading={props.running} disabled={problem !== undefined} onClick={props.onInvoke}>
              Invoke
            </Button>
          }
        >
          Test event
        </Header>
      }
    >
      <SpaceBetween size="m">
        <FormField
          label="Event"
          stretch
          secondaryControl={
            isSaved && (
              <Button
                iconName="remove"
                ariaLabel={`Delete event ${chosen}`}
                onClick={() => {
                  deleteEvent(name, chosen);
                  choose(undefined);
                }}
              />
            )
          }
        >
          <Select
            selectedOption={{ value: chosen, label: chosen }}
            options={[
              ...(saved.length > 0 ? [{ label: "Saved in this browser", options: saved.map(option) }] : []),
              { label: "Templates", options: TEMPLATES.map(option) },
            ]}
            onChange={({ detail }) => choose(detail.selectedOption.value)}
          />
        </FormField>
        <FormField label="Event JSON" stretch errorText={problem}>
          <Textarea
            nativeTextareaAttributes={{ style: { fontFamily: "monospace" } }}
            value={text}
            rows={12}
            spellcheck={false}
            onChange={({ detail }) => onText(detail.value)}
          />
        </FormField>
        <Checkbox
          checked={props.sampled}
          onChange={({ detail }) => props.onSampled(detail.checked)}
          description="Off, Lambda's own sampler decides: one request a second, then 5% of the others."
        >
          Sample this invocation
        </Checkbox>
        <Save
          suggested={isSaved ? chosen : ""}
          disabled={problem !== undefined}
          onSave={(event) => {
            saveEvent(name, { name: event, text });
            choose(event);
          }}
        />
      </SpaceBetween>
    </Container>
  );
}

function Save(props: { suggested: string; disabled: boolean; onSave: (name: string) => void }) {
  const [name, setName] = useState<string>();
  const shown = name ?? props.suggested;
  const problem = nameProblem(shown);
  return (
    <FormField
      label={
        <>
          Save as <i>– optional</i>
        </>
      }
      stretch
      errorText={shown ? problem : undefined}
    >
      <div className="event-save">
        <Input value={shown} placeholder="my-event" onChange={({ detail }) => setName(detail.value)} />
        <Button
          disabled={props.disabled || problem !== undefined}
          onClick={() => {
            props.onSave(shown);
            setName(undefined);
          }}
        >
          Save event
        </Button>
      </div>
    </FormField>
  );
}
