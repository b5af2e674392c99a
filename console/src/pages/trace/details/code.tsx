// Text as it is, with a button that takes it along.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

/** More than this nobody reads in a page, and pages become slow of it. */
const READABLE = 100_000;

export function Code({ text, what }: { text: string; what: string }) {
  return (
    <div className="details-code">
      <div className="details-code-copy">
        <CopyToClipboard
          variant="icon"
          copyButtonAriaLabel={`Copy the ${what}`}
          textToCopy={text}
          copySuccessText="Copied"
          copyErrorText="It could not be copied"
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so for the keyboard */}
      <pre tabIndex={0}>{text.slice(0, READABLE)}</pre>
      {text.length > READABLE ? <p>Cut here. The copy has all of it.</p> : null}
    </div>
  );
}
