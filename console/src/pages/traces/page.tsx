import Header from "@cloudscape-design/components/header";

export function TracesPage() {
  return <Header variant="h1">Traces</Header>;
}
