// Where the server is, as seen from elsewhere.

/** Addresses as the server tells them: host and port, and a URL. */
interface Told {
  readonly daemon: string;
  readonly endpoint: string;
  readonly otlp_http?: string | null;
}

interface Reachable {
  readonly daemon: string;
  readonly endpoint: string;
  /** A URL; absent when the server takes no OTLP. */
  readonly otlp?: string;
}

/** The same addresses, where the server listens on all of its own with the one by which this page reached it. */
export function reachable({ daemon, endpoint, otlp_http: otlp }: Told, pageHost: string): Reachable {
  const replaced = (text: string) => text.replace(/(^|\/\/)(0\.0\.0\.0|\[::\])(?=:)/, `$1${pageHost}`);
  const places = { daemon: replaced(daemon), endpoint: replaced(endpoint) };
  return otlp ? { ...places, otlp: `http://${replaced(otlp)}` } : places;
}
