// Asks before a rule goes, and says what then decides.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteRule, forgetRules } from "../../api/sampling";
import { tellSuccess } from "../../app/notices";
import { Failure } from "../../components/states";
import type { SamplingRule } from "../../model/sampling";

interface Props {
  rule: SamplingRule;
  onDismiss: () => void;
  onDeleted: () => void;
}

export function DeleteRule({ rule, onDismiss, onDeleted }: Props) {
  const queries = useQueryClient();
  const deletion = useMutation({
    mutationFn: () => deleteRule(rule.name),
    onSuccess: () => {
      tellSuccess(`Rule ${rule.name} is deleted`);
      onDeleted();
      return forgetRules(queries);
    },
  });
  return (
    <Modal
      visible
      onDismiss={onDismiss}
      header={`Delete rule ${rule.name}?`}
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              Cancel
            </Button>
            <Button variant="primary" loading={deletion.isPending} onClick={() => deletion.mutate()}>
              Delete
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>The requests that fit it are decided on by the next rule that fits them, from the next request on.</Box>
        {deletion.isError && <Failure what={`Rule ${rule.name} could not be deleted`} error={deletion.error} />}
      </SpaceBetween>
    </Modal>
  );
}
