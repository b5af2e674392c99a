// Annotations, each a way to the traces that have the same.

import { PageLink } from "../../../components/page-link";
import { annotationFilter } from "../../../model/trace/annotation-filter";
import type { Annotation } from "../../../model/trace/documents";

export function Annotations({ annotations }: { annotations: Readonly<Record<string, Annotation>> }) {
  const entries = Object.entries(annotations).sort(([one], [other]) => one.localeCompare(other));
  return (
    <table className="details-table">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value (finds traces with the same)</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(([key, value]) => (
          <tr key={key}>
            <th scope="row">{key}</th>
            <td>
              <PageLink
                to="/traces"
                search={{ filter: annotationFilter(key, value) }}
                ariaLabel={`Find traces whose ${key} is ${value}`}
              >
                {String(value)}
              </PageLink>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
