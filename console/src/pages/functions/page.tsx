import Header from "@cloudscape-design/components/header";

export function FunctionsPage() {
  return <Header variant="h1">Functions</Header>;
}
