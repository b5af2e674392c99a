// Text to copy: a command, a file, an address.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import css from "./snippet.module.css";

interface Props {
  code: string;
  /** What is copied, for those who do not see it. */
  label: string;
  /** In a line with other text, not in a box of its own. */
  inline?: boolean;
  /** Of any length: its lines are broken, and it scrolls when there are many. */
  wrap?: boolean;
}

export function Snippet({ code, label, inline = false, wrap = false }: Props) {
  const copy = {
    textToCopy: code,
    copyButtonAriaLabel: `Copy ${label}`,
    copySuccessText: "Copied",
    copyErrorText: "The browser did not let it be copied",
  };
  if (inline) return <CopyToClipboard {...copy} variant="inline" textToDisplay={code} />;
  return (
    <div className={wrap ? `${css.snippet} ${css.wrapped}` : css.snippet}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      <section aria-label={label} tabIndex={0}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
      <div className={css.copy}>
        <CopyToClipboard {...copy} variant="icon" />
      </div>
    </div>
  );
}
