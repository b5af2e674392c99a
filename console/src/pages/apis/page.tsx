import Header from "@cloudscape-design/components/header";

export function ApisPage() {
  return <Header variant="h1">APIs</Header>;
}
