// A text whose end tells more than its beginning, as a URL's: where there is too little room, the beginning goes.

export function EndOf({ text, title = text }: { text: string; title?: string }) {
  return (
    <span
      title={title}
      style={{
        display: "block",
        overflow: "hidden",
        textOverflow: "ellipsis",
        whiteSpace: "nowrap",
        // What is cut is at the end of the line: right to left, that is the beginning of the text.
        direction: "rtl",
        textAlign: "left",
      }}
    >
      <bdi dir="ltr">{text}</bdi>
    </span>
  );
}
