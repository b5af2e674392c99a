// IAM speaks the query protocol: a form in, XML out. Only what the console asks of it. Source: IAM API reference.

import { ApiError, reached } from "./operation";

/** What a function's role needs to write traces, as AWS's console attaches it. */
export const XRAY_WRITE_POLICY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

const VERSION = "2010-05-08";

export interface AttachedPolicy {
  readonly name: string;
  readonly arn: string;
}

/** The name of a role, which its ARN ends with. */
export function roleName(arn: string): string {
  return arn.split("/").at(-1) ?? arn;
}

export async function attachRolePolicy(role: string, policyArn: string): Promise<void> {
  await act("AttachRolePolicy", { RoleName: role, PolicyArn: policyArn });
}

/** The managed policies of a role; what stands in the role itself is not among them. */
export async function attachedPolicies(role: string, signal?: AbortSignal): Promise<AttachedPolicy[]> {
  const policies: AttachedPolicy[] = [];
  let marker = "";
  do {
    const page = await act("ListAttachedRolePolicies", { RoleName: role, ...(marker && { Marker: marker }) }, signal);
    for (const member of page.querySelectorAll("AttachedPolicies > member")) {
      policies.push({ name: textIn(member, "PolicyName"), arn: textIn(member, "PolicyArn") });
    }
    marker = textIn(page, "Marker");
  } while (marker);
  return policies;
}

async function act(action: string, members: Record<string, string>, signal?: AbortSignal): Promise<Document> {
  const response = await reached("/", {
    method: "POST",
    body: new URLSearchParams({ Action: action, Version: VERSION, ...members }),
    ...(signal ? { signal } : {}),
  });
  const told = new DOMParser().parseFromString(await response.text(), "text/xml");
  if (response.ok) return told;
  throw new ApiError(
    textIn(told, "Message") || `The server answered ${response.status} ${response.statusText}.`,
    textIn(told, "Code") || `HTTP ${response.status}`,
    response.status,
  );
}

function textIn(parent: ParentNode, element: string): string {
  return parent.querySelector(element)?.textContent ?? "";
}
