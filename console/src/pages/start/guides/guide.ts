// What a guide to the first trace is made of.

/** Where this server is, as snippets write it. */
export interface Places {
  /** The AWS APIs: `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  /** The X-Ray daemon: `127.0.0.1:2000`. */
  readonly daemon: string;
  /** OTLP over HTTP: `http://127.0.0.1:4318`; absent when it is not taken. */
  readonly otlp?: string;
}

export interface Step {
  readonly title: string;
  readonly text?: string;
  /** What to copy: a file of this name, or a command where there is none. */
  readonly code?: string;
  readonly file?: string;
}

/** One way to send a first trace: from Flask, from a Lambda function. */
export interface Variant {
  readonly id: string;
  readonly label: string;
  readonly steps: (places: Places) => readonly Step[];
}

export interface Guide {
  readonly id: string;
  readonly label: string;
  readonly variants: readonly [Variant, ...Variant[]];
}

const STANDARD_DAEMON = "127.0.0.1:2000";
const STANDARD_ENDPOINT = "http://127.0.0.1:4566";

/** The command with what an X-Ray SDK must be told before it, if that is anything. */
export function withDaemon(places: Places, command: string): string {
  return `AWS_XRAY_DAEMON_ADDRESS=${places.daemon} ${command}`;
}

/** Says of the daemon's address what a reader needs to know. */
export function daemonNote(places: Places): string {
  return places.daemon === STANDARD_DAEMON
    ? "The address is also the SDK's default; the variable may be left out."
    : "This server's daemon listens at another address than the SDK's default, so the SDK has to be told.";
}

/** The `fluoro` command that reaches this server. */
export function fluoro(places: Places, rest: string): string {
  return places.endpoint === STANDARD_ENDPOINT ? `fluoro ${rest}` : `fluoro --endpoint ${places.endpoint} ${rest}`;
}

export const AWS_VARIABLES = (places: Places) =>
  `export AWS_ENDPOINT_URL=${places.endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1`;
