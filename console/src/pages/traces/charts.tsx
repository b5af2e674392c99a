// The two charts above the list: how long the traces took, and when they came. Each refines what is asked.

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useMemo } from "react";
import type { EpochSeconds, Window } from "../../app/time";
import { Histogram } from "../../components/histogram";
import { Timeline } from "../../components/timeline";
import type { Sample, Scale } from "../../model/bins";
import type { Bounds } from "../../model/filter/clauses";
import type { TraceRow } from "../../model/trace-row";
import styles from "./page.module.css";

interface Props {
  readonly rows: readonly TraceRow[];
  readonly window: Window;
  readonly scale: Scale;
  readonly onScale: (scale: Scale) => void;
  readonly onResponseTime: (bounds: Bounds | undefined) => void;
  readonly onTime: (from: EpochSeconds, to: EpochSeconds) => void;
}

export function Charts({ rows, window, scale, onScale, onResponseTime, onTime }: Props) {
  const times = useMemo(() => rows.map(({ start, outcome }): Sample => ({ value: start, outcome })), [rows]);
  const spans = useMemo(
    () =>
      rows.flatMap(({ responseTime: value, outcome }): Sample[] => (value === undefined ? [] : [{ value, outcome }])),
    [rows],
  );
  return (
    <div className={styles["charts"]}>
      <Container header={<Header variant="h3">Traces over time</Header>}>
        <Timeline label="Traces" samples={times} window={window} onChoose={onTime} />
      </Container>
      <Container header={<Header variant="h3">Response time</Header>}>
        <Histogram label="Response time" samples={spans} scale={scale} onScale={onScale} onChoose={onResponseTime} />
      </Container>
    </div>
  );
}
