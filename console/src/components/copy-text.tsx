// A value in a line, to copy: an ARN, a URL.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

export function CopyText({ text, what }: { text: string; what: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      wrapText
      copyButtonAriaLabel={`Copy ${what}`}
      copySuccessText="Copied"
      copyErrorText="Could not be copied"
    />
  );
}
