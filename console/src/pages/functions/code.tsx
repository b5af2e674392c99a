// The files of a function. Only small texts are shown; whoever needs the archive gets it with GetFunction.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { FunctionCode } from "../../api/fluoro-api";
import { functionCodeQuery } from "../../api/functions";
import { PageLink } from "../../components/page-link";
import { Snippet } from "../../components/snippet";
import { Empty, Failure, Loading } from "../../components/states";
import { handlerFile, inReadingOrder } from "../../model/code-files";
import { formatBytes } from "../../model/units";
import "./code.css";

const route = getRouteApi("/functions/$name");

/** More names than these nobody looks through. */
const LISTED = 200;

export function Code({ name, sha256 }: { name: string; sha256: string }) {
  const code = useQuery(functionCodeQuery(name, sha256));
  if (code.isPending) return <Loading what="the code" />;
  if (code.isError) return <Failure what="The code could not be read" error={code.error} retry={code.refetch} />;
  return <Files name={name} code={code.data} />;
}

function Files({ name, code }: { name: string; code: FunctionCode }) {
  const { file: path } = route.useSearch();
  const shown = code.files.find((file) => file.path === path) ?? handlerFile(code.files, code.handler);
  const listed = inReadingOrder(code.files).slice(0, LISTED);
  const more = !code.complete || listed.length < code.files.length;
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, xs: 4, m: 3 } }, { colspan: { default: 12, xs: 8, m: 9 } }]}>
      <Container
        header={
          <Header variant="h2" counter={`(${code.files.length}${code.complete ? "" : "+"})`}>
            Files
          </Header>
        }
      >
        <nav aria-label="Files">
          <ul className="code-files">
            {listed.map((file) => (
              <li key={file.path}>
                <PageLink
                  to="/functions/$name"
                  params={{ name }}
                  search={{ tab: "code", file: file.path }}
                  variant={file === shown ? "primary" : "secondary"}
                >
                  {file.path}
                </PageLink>{" "}
                <span className="code-size">{formatBytes(file.size)}</span>
              </li>
            ))}
          </ul>
        </nav>
        {more && (
          <Box color="text-body-secondary" fontSize="body-s">
            The archive has more files.
          </Box>
        )}
      </Container>
      <Container header={<Header variant="h2">{shown?.path ?? "Code"}</Header>}>
        <Text file={shown} />
      </Container>
    </Grid>
  );
}

function Text({ file }: { file: FunctionCode["files"][number] | undefined }) {
  if (!file) return <Empty title="No text to show">None of the function's files is a text of at most 64 KiB.</Empty>;
  if (file.link !== null) return <Box>A symbolic link to {file.link}.</Box>;
  if (file.text === null) {
    return <Empty title="This file is not shown">It is binary, or longer than 64 KiB.</Empty>;
  }
  return <Snippet label={file.path} code={file.text} wrap />;
}
