import Header from "@cloudscape-design/components/header";

export function TracePage() {
  return <Header variant="h1">Trace</Header>;
}
