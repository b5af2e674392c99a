// Where the server is, as seen from elsewhere.

/** Addresses as the server tells them: host and port, and a URL. */
interface Told {
  readonly daemon: string;
  readonly endpoint: string;
}

/** The same addresses, where the server listens on all of its own with the one by which this page reached it. */
export function reachable({ daemon, endpoint }: Told, pageHost: string): Told {
  const replaced = (text: string) => text.replace(/(^|\/\/)(0\.0\.0\.0|\[::\])(?=:)/, `$1${pageHost}`);
  return { daemon: replaced(daemon), endpoint: replaced(endpoint) };
}
