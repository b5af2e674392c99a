import Header from "@cloudscape-design/components/header";

export function StartPage() {
  return <Header variant="h1">Send traces</Header>;
}
