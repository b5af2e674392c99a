import Header from "@cloudscape-design/components/header";

export function SamplingPage() {
  return <Header variant="h1">Sampling</Header>;
}
