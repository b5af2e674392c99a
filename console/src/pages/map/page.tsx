import Header from "@cloudscape-design/components/header";

export function MapPage() {
  return <Header variant="h1">Service map</Header>;
}
