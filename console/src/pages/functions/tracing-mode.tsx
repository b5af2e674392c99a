import StatusIndicator from "@cloudscape-design/components/status-indicator";

export function TracingMode({ active }: { active: boolean }) {
  return active ? (
    <StatusIndicator type="success">On</StatusIndicator>
  ) : (
    <StatusIndicator type="stopped">Off</StatusIndicator>
  );
}
