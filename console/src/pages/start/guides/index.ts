export type { Guide, Places, Step, Variant } from "./guide";

import { dotnet, go, java } from "./compiled";
import type { Guide } from "./guide";
import { node } from "./node";
import { python } from "./python";
import { commandLine, openTelemetry, sam } from "./tools";

/** All guides, in the order of their tabs. */
export const GUIDES: readonly [Guide, ...Guide[]] = [python, node, java, go, dotnet, commandLine, sam, openTelemetry];
