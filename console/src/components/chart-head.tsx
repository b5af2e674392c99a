// The line above a chart: what it shows in numbers, and how it shows it. As high for one chart as for the next.

import type { ReactNode } from "react";

export function ChartHead({ children }: { children: ReactNode }) {
  return (
    <div
      style={{
        display: "flex",
        flexWrap: "wrap",
        justifyContent: "space-between",
        alignItems: "center",
        gap: 8,
        minHeight: 32,
        marginBottom: 4,
      }}
    >
      {children}
    </div>
  );
}
