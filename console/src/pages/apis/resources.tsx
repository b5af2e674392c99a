// The tree of an API's resources, and the chosen method beside it.

import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import TreeView from "@cloudscape-design/components/tree-view";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { resourcesQuery } from "../../api/gateway";
import { PageLink } from "../../components/page-link";
import { Empty, Failure, Loading } from "../../components/states";
import { describeIntegration } from "../../model/integration";
import { findMethod, firstMethod, type MethodNode, type ResourceNode, treeOf } from "../../model/resource-tree";
import { MethodPanel } from "./method-panel";
import "./resources.css";

const route = getRouteApi("/apis/$apiId");

export function Resources({ apiId }: { apiId: string }) {
  const search = route.useSearch();
  const resources = useQuery(resourcesQuery(apiId));
  if (resources.isPending) return <Loading what="resources" />;
  if (resources.isError) {
    return <Failure what="Resources could not be read" error={resources.error} retry={resources.refetch} />;
  }
  const roots = treeOf(resources.data);
  const first = firstMethod(roots);
  const path = search.resource ?? first?.path;
  const verb = search.resource === undefined ? first?.verb : search.method;
  const chosen = findMethod(roots, path, verb);
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, xs: 4, m: 3 } }, { colspan: { default: 12, xs: 8, m: 9 } }]}>
      <Container header={<Header variant="h2">Resources</Header>}>
        <Tree roots={roots} chosen={chosen?.found && { path: chosen.node.path, verb: chosen.found.verb }} />
      </Container>
      {chosen?.found ? (
        <MethodPanel apiId={apiId} path={chosen.node.path} node={chosen.found} />
      ) : (
        <Container header={<Header variant="h2">Method</Header>}>
          <NothingChosen path={path} verb={verb} any={first !== undefined} />
        </Container>
      )}
    </Grid>
  );
}

function NothingChosen({ path, verb, any }: { path: string | undefined; verb: string | undefined; any: boolean }) {
  if (!any)
    return <Empty title="No methods">PutMethod and PutIntegration, or a template, give a resource its methods.</Empty>;
  const what = verb ? `There is no method ${verb} of ${path}` : "No method is chosen";
  return <Empty title={what}>Choose one of the methods in the tree.</Empty>;
}

type Item =
  | { readonly kind: "resource"; readonly node: ResourceNode }
  | { readonly kind: "method"; readonly path: string; readonly method: MethodNode };

function Tree({
  roots,
  chosen,
}: {
  roots: readonly ResourceNode[];
  chosen: { path: string; verb: string } | undefined;
}) {
  const { step } = route.useSearch();
  const { apiId } = route.useParams();
  const [closed, setClosed] = useState<readonly string[]>([]);
  const items = roots.map((node): Item => ({ kind: "resource", node }));
  const open = [...everyId(items)].filter((id) => !closed.includes(id));
  return (
    <TreeView
      ariaLabel="Resources and their methods"
      items={items}
      getItemId={idOf}
      getItemChildren={childrenOf}
      expandedItems={open}
      connectorLines="vertical"
      onItemToggle={({ detail }) =>
        setClosed(detail.expanded ? closed.filter((id) => id !== detail.id) : [...closed, detail.id])
      }
      i18nStrings={{
        expandButtonLabel: (item) => `Show what is below ${labelOf(item)}`,
        collapseButtonLabel: (item) => `Hide what is below ${labelOf(item)}`,
      }}
      renderItem={(item) => {
        if (item.kind === "resource") {
          return { content: <span title={item.node.path}>{item.node.part}</span>, announcementLabel: item.node.path };
        }
        const { path, method } = item;
        const isChosen = chosen?.path === path && chosen.verb === method.verb;
        return {
          content: (
            <span className={isChosen ? "resource-chosen" : undefined}>
              <PageLink
                to="/apis/$apiId"
                params={{ apiId }}
                search={{ resource: path, method: method.verb, ...(step && { step }) }}
                ariaLabel={`${method.verb} ${path}${isChosen ? ", chosen" : ""}`}
              >
                {method.verb}
              </PageLink>
            </span>
          ),
          announcementLabel: `${method.verb} ${path}, ${describeIntegration(method.method.methodIntegration)}`,
        };
      }}
    />
  );
}

function* everyId(items: readonly Item[]): Generator<string> {
  for (const item of items) {
    yield idOf(item);
    yield* everyId(childrenOf(item));
  }
}

function idOf(item: Item): string {
  return item.kind === "resource" ? item.node.path : labelOf(item);
}

function labelOf(item: Item): string {
  return item.kind === "resource" ? item.node.path : `${item.method.verb} ${item.path}`;
}

function childrenOf(item: Item): Item[] {
  if (item.kind === "method") return [];
  const { methods, children, path } = item.node;
  return [
    ...methods.map((method): Item => ({ kind: "method", path, method })),
    ...children.map((node): Item => ({ kind: "resource", node })),
  ];
}
