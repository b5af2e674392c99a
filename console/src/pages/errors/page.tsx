import Header from "@cloudscape-design/components/header";

export function ErrorsPage() {
  return <Header variant="h1">Errors</Header>;
}
