// What a rule asks for, without what it leaves open.

import Box from "@cloudscape-design/components/box";
import { PATTERNS, type PatternName, type SamplingRule } from "../../model/sampling";

/** What people call the properties that rules have patterns for. */
export const PATTERN_LABELS: Readonly<Record<PatternName, string>> = {
  serviceName: "Service name",
  serviceType: "Service type",
  host: "Host",
  httpMethod: "HTTP method",
  urlPath: "URL path",
  resourceArn: "Resource ARN",
};

export function Conditions({ rule }: { rule: SamplingRule }) {
  const patterns = PATTERNS.filter((name) => rule[name] !== "*").map(
    (name) => [PATTERN_LABELS[name], rule[name]] as const,
  );
  const asked = [...patterns, ...Object.entries(rule.attributes)];
  if (asked.length === 0) return <Box color="text-body-secondary">Everything</Box>;
  return (
    <>
      {asked.map(([name, pattern]) => (
        <div key={name}>
          <Box variant="span" color="text-body-secondary">
            {name}
          </Box>{" "}
          <Box variant="code">{pattern}</Box>
        </div>
      ))}
    </>
  );
}
