// An API's resources as the tree that their paths make, each with its methods.

import type { GatewayMethod, GatewayResource } from "../api/aws";

export interface ResourceNode {
  readonly id: string;
  /** `/orders/{id}`. */
  readonly path: string;
  /** What this resource adds to its parent's path: `{id}`; `/` at the root. */
  readonly part: string;
  /** By verb, in the order in which people think of them. */
  readonly methods: readonly MethodNode[];
  readonly children: readonly ResourceNode[];
}

export interface MethodNode {
  /** `GET`, or `ANY` for whatever no other method of the resource takes. */
  readonly verb: string;
  readonly method: GatewayMethod;
}

const VERBS = ["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The verbs that a request may have; `ANY` is none. */
export const REQUEST_VERBS: readonly string[] = VERBS.filter((verb) => verb !== "ANY");

/** The roots: one, unless a page of the collection is missing. */
export function treeOf(resources: readonly GatewayResource[]): ResourceNode[] {
  const known = new Set(resources.map((resource) => resource.id));
  const parentOf = (resource: GatewayResource) =>
    resource.parentId && known.has(resource.parentId) ? resource.parentId : "";
  const below = (parent: string): ResourceNode[] =>
    resources
      .filter((resource) => parentOf(resource) === parent)
      .map((resource) => {
        const id = resource.id ?? "";
        const path = resource.path ?? "/";
        return { id, path, part: resource.pathPart ?? path, methods: methodsOf(resource), children: below(id) };
      })
      .sort((a, b) => a.path.localeCompare(b.path));
  return below("");
}

export function* everyNode(roots: readonly ResourceNode[]): Generator<ResourceNode> {
  for (const root of roots) {
    yield root;
    yield* everyNode(root.children);
  }
}

/** The resource of this path, with this method of it if there is one. */
export function findMethod(
  roots: readonly ResourceNode[],
  path: string | undefined,
  verb: string | undefined,
): { node: ResourceNode; found: MethodNode | undefined } | undefined {
  for (const node of everyNode(roots)) {
    if (node.path === path) return { node, found: node.methods.find((method) => method.verb === verb) };
  }
  return undefined;
}

/** What to show when nothing is chosen: the first method there is. */
export function firstMethod(roots: readonly ResourceNode[]): { path: string; verb: string } | undefined {
  for (const node of everyNode(roots)) {
    const [first] = node.methods;
    if (first) return { path: node.path, verb: first.verb };
  }
  return undefined;
}

function methodsOf(resource: GatewayResource): MethodNode[] {
  const place = (verb: string) => (VERBS.includes(verb) ? VERBS.indexOf(verb) : VERBS.length);
  return Object.entries(resource.resourceMethods ?? {})
    .map(([verb, method]) => ({ verb, method }))
    .sort((a, b) => place(a.verb) - place(b.verb));
}
