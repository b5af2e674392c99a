// Makes a deployment of the API as it is now, and lets a stage serve it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createDeployment, type GatewayStage } from "../../api/aws";
import { call } from "../../api/operation";
import { tellSuccess } from "../../app/notices";
import { Failure } from "../../components/states";

/** Stands for a stage that is not there yet; no stage can have this name. */
const NEW = "*new*";

interface Props {
  readonly apiId: string;
  readonly stages: readonly GatewayStage[];
  readonly onClose: () => void;
}

export function DeployDialog({ apiId, stages, onClose }: Props) {
  const options = [
    ...stages.map((stage) => ({ value: stage.stageName ?? "", label: stage.stageName ?? "" })),
    { value: NEW, label: "New stage" },
  ];
  const [chosen, setChosen] = useState(options[0]?.value ?? NEW);
  const [newName, setNewName] = useState("");
  const [description, setDescription] = useState("");
  const [tracing, setTracing] = useState(true);
  const isNew = chosen === NEW;
  const stage = isNew ? newName : chosen;
  const invalid = isNew && !/^[\w-]{1,128}$/.test(newName);
  const queries = useQueryClient();
  const deploy = useMutation({
    mutationFn: () =>
      call(createDeployment, {
        restApiId: apiId,
        stageName: stage,
        ...(description && { description }),
        ...(isNew && { tracingEnabled: tracing }),
      }),
    onSuccess: (deployment) => {
      tellSuccess(`Deployment ${deployment.id} is served at stage ${stage}`);
      onClose();
      return queries.invalidateQueries({ queryKey: ["apis", apiId] });
    },
  });
  return (
    <Modal
      visible
      header="Deploy API"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={deploy.isPending} disabled={invalid} onClick={() => deploy.mutate()}>
              Deploy
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {deploy.isError && <Failure what="The API could not be deployed" error={deploy.error} />}
        <FormField label="Stage" description="It serves the API as it is now, from the next request on.">
          <Select
            selectedOption={options.find((option) => option.value === chosen) ?? null}
            options={options}
            onChange={({ detail }) => setChosen(detail.selectedOption.value ?? NEW)}
          />
        </FormField>
        {isNew && (
          <SpaceBetween size="m">
            <FormField
              label="Stage name"
              constraintText="Letters, digits, hyphens and underscores."
              errorText={newName && invalid ? "This is no name for a stage." : undefined}
            >
              <Input value={newName} onChange={({ detail }) => setNewName(detail.value)} placeholder="dev" />
            </FormField>
            <Toggle checked={tracing} onChange={({ detail }) => setTracing(detail.checked)}>
              X-Ray tracing
            </Toggle>
          </SpaceBetween>
        )}
        <FormField
          label={
            <>
              Deployment description <i>– optional</i>
            </>
          }
        >
          <Textarea value={description} rows={2} onChange={({ detail }) => setDescription(detail.value)} />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
