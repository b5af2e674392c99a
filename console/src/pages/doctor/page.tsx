import Header from "@cloudscape-design/components/header";

export function DoctorPage() {
  return <Header variant="h1">Doctor</Header>;
}
