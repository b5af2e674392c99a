// X-Ray's groups beside a filter: choosing one, saving the filter as one, deleting one.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type UseQueryResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createGroup, deleteGroup, getGroups, type XRayGroupSummary } from "../api/aws";
import { call } from "../api/operation";
import { explain, tellFailure, tellSuccess } from "../app/notices";

export interface Group {
  readonly name: string;
  readonly expression: string;
}

const KEY = ["groups"];

/** X-Ray's name for all traces; it is not offered as a group. */
const DEFAULT = "Default";

/** The groups that there are, but the one of all traces. */
export function useGroups(): UseQueryResult<readonly Group[]> {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => allGroups(signal), staleTime: 30_000 });
}

async function allGroups(signal: AbortSignal): Promise<readonly Group[]> {
  const groups: XRayGroupSummary[] = [];
  let token: string | undefined;
  do {
    const page = await call(getGroups, token === undefined ? {} : { NextToken: token }, signal);
    groups.push(...(page.Groups ?? []));
    token = page.NextToken ?? undefined;
  } while (token !== undefined);
  return groups.flatMap(({ GroupName: name, FilterExpression: expression }) =>
    name && name !== DEFAULT ? [{ name, expression: expression ?? "" }] : [],
  );
}

interface Props {
  readonly group: string | undefined;
  readonly onGroup: (group: string | undefined) => void;
  /** What a new group would find: the filter within the group that is chosen. */
  readonly expression: string;
}

const EVERYTHING: SelectProps.Option = { value: "", label: "All traces" };

export function Groups({ group, onGroup, expression }: Props) {
  const read = useGroups();
  const groups = read.data;
  const [dialog, setDialog] = useState<"create" | "delete">();
  const options: SelectProps.Option[] = (groups ?? []).map(({ name, expression: finds }) => ({
    value: name,
    label: name,
    description: finds,
  }));
  const isUnknown = group !== undefined && groups !== undefined && !groups.some(({ name }) => name === group);
  if (isUnknown) options.push({ value: group, label: group, description: "There is no group of this name" });
  const close = () => setDialog(undefined);
  return (
    <SpaceBetween direction="horizontal" size="xxs">
      <Select
        ariaLabel="Group"
        selectedOption={group === undefined ? EVERYTHING : { value: group, label: group }}
        options={[EVERYTHING, ...options]}
        invalid={isUnknown}
        statusType={groups ? "finished" : read.isError ? "error" : "loading"}
        loadingText="Loading groups"
        errorText={read.isError ? `The groups could not be read. ${explain(read.error)}` : ""}
        recoveryText="Try again"
        onLoadItems={({ detail }) => {
          if (detail.samePage) void read.refetch();
        }}
        onChange={({ detail }) => onGroup(detail.selectedOption.value || undefined)}
        expandToViewport
      />
      <ButtonDropdown
        variant="icon"
        ariaLabel="Group actions"
        items={[
          {
            id: "create",
            text: "Save filter as group",
            disabled: expression.trim() === "",
            disabledReason: "A group needs a filter.",
          },
          {
            id: "delete",
            text: group ? `Delete group ${group}` : "Delete group",
            disabled: group === undefined,
            disabledReason: "Choose a group first.",
          },
        ]}
        onItemClick={({ detail }) => setDialog(detail.id === "delete" ? "delete" : "create")}
        expandToViewport
      />
      {dialog === "create" && <CreateGroup expression={expression} onClose={close} onCreated={onGroup} />}
      {dialog === "delete" && group !== undefined && (
        <DeleteGroup group={group} onClose={close} onDeleted={() => onGroup(undefined)} />
      )}
    </SpaceBetween>
  );
}

interface CreateProps {
  expression: string;
  onClose: () => void;
  onCreated: (name: string) => void;
}

function CreateGroup({ expression, onClose, onCreated }: CreateProps) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => call(createGroup, { GroupName: name, FilterExpression: expression }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: KEY });
      tellSuccess(`Group ${name} was created`);
      onClose();
      onCreated(name);
    },
  });
  return (
    <Modal
      visible
      header="Save filter as group"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Confirm onClose={onClose} isBusy={create.isPending} isDisabled={name === ""} onConfirm={() => create.mutate()}>
          Create group
        </Confirm>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name !== "") create.mutate();
        }}
      >
        <SpaceBetween size="m">
          <FormField
            label="Name"
            constraintText="At most 32 letters, digits and dashes; it cannot be changed later."
            errorText={create.isError ? explain(create.error) : undefined}
          >
            <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
          </FormField>
          <div>
            <Box variant="awsui-key-label">Finds</Box>
            <Box variant="code">{expression}</Box>
          </div>
        </SpaceBetween>
      </form>
    </Modal>
  );
}

interface DeleteProps {
  group: string;
  onClose: () => void;
  onDeleted: () => void;
}

function DeleteGroup({ group, onClose, onDeleted }: DeleteProps) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call(deleteGroup, { GroupName: group }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: KEY });
      tellSuccess(`Group ${group} was deleted`);
      onClose();
      onDeleted();
    },
    onError: (error) => tellFailure(`Group ${group} could not be deleted`, error),
  });
  return (
    <Modal
      visible
      header={`Delete group ${group}`}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Confirm onClose={onClose} isBusy={remove.isPending} isDisabled={false} onConfirm={() => remove.mutate()}>
          Delete group
        </Confirm>
      }
    >
      Its traces stay. Its counts and insights go, and filters that name it find nothing any more.
    </Modal>
  );
}

interface ConfirmProps {
  onClose: () => void;
  onConfirm: () => void;
  isBusy: boolean;
  isDisabled: boolean;
  children: string;
}

function Confirm({ onClose, onConfirm, isBusy, isDisabled, children }: ConfirmProps) {
  return (
    <Box float="right">
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
        <Button variant="primary" onClick={onConfirm} loading={isBusy} disabled={isDisabled}>
          {children}
        </Button>
      </SpaceBetween>
    </Box>
  );
}
