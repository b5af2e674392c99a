// How far back statistics go; the server keeps an hour.

export const SINCES = ["5m", "15m", "1h"] as const;

export type Since = (typeof SINCES)[number];

export const DEFAULT_SINCE: Since = "15m";

export const SINCE_TEXT: Readonly<Record<Since, string>> = { "5m": "5 minutes", "15m": "15 minutes", "1h": "hour" };
