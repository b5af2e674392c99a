//! Stack traces as languages print them, to frames.
//!
//! A frame is known by the form of its line, whatever the language says of itself: Java, Kotlin and PHP (`at label(path:line)`),
//! JavaScript (`at label (path:line:column)`), .NET (`at label in path:line n`), Python (`File "path", line n, in label`), Go (a
//! line with the call, one with `path:line`). What is no frame is passed over; the whole text is kept elsewhere.

use fluoro_model::document::Frame;

/// More are counted, not told.
pub(crate) const FRAMES: usize = 50;

/// The frames of one exception, innermost first.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Stack {
    /// What the exception is called, where that is told here alone: the cause of another.
    pub(crate) kind: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) truncated: i64,
}

/// Reads a stack trace: the exception's own stack, then that of each cause (Java).
pub(crate) fn parse(text: &str) -> Vec<Stack> {
    let mut stacks = vec![Stack::default()];
    let mut python = false;
    let mut before = "";
    for line in text.lines() {
        let current = stacks.last_mut().expect("there is one from the beginning");
        let trimmed = line.trim();
        if let Some(cause) = line.strip_prefix("Caused by: ") {
            let (kind, message) = cause.split_once(": ").unwrap_or((cause, ""));
            stacks.push(Stack {
                kind: Some(kind.to_owned()),
                message: (!message.is_empty()).then(|| message.to_owned()),
                ..Stack::default()
            });
        } else if trimmed.starts_with("Traceback (most recent call last)") {
            // The last one printed is the exception's own.
            python = true;
            current.frames.clear();
        } else if let Some(frame) = frame(trimmed).or_else(|| of_go(before, line)) {
            current.frames.push(frame);
        }
        before = line;
    }
    for stack in &mut stacks {
        if python {
            stack.frames.reverse();
        }
        let more = stack.frames.len().saturating_sub(FRAMES);
        stack.frames.truncate(FRAMES);
        stack.truncated = i64::try_from(more).unwrap_or(i64::MAX);
    }
    stacks
}

fn frame(line: &str) -> Option<Frame> {
    if let Some(rest) = line.strip_prefix("File \"") {
        let (path, rest) = rest.split_once("\", line ")?;
        let (number, label) = rest.split_once(", in ").unwrap_or((rest, ""));
        return made(path, number.parse().ok(), label);
    }
    let call = line.strip_prefix("at ")?;
    if let Some((label, place)) = call.rsplit_once(" in ")
        && let Some((path, number)) = place.rsplit_once(":line ")
    {
        return made(path, number.parse().ok(), label);
    }
    match call
        .strip_suffix(')')
        .and_then(|call| call.rsplit_once('('))
    {
        Some((label, place)) => {
            let (path, number) = at_line(place);
            // Class loader or module, as Java tells it.
            let label = label.rsplit_once('/').map_or(label, |(_, label)| label);
            made(path, number, label.trim())
        }
        None => {
            let (path, number) = at_line(call);
            made(path, number, "")
        }
    }
}

/// `main.work(0x1, …)`, then `\t/src/main.go:12 +0x1d`.
fn of_go(call: &str, line: &str) -> Option<Frame> {
    let place = line.strip_prefix('\t')?;
    let place = place.split_once(" +0x").map_or(place, |(place, _)| place);
    let (path, number) = at_line(place);
    if number.is_none() || !path.ends_with(".go") {
        return None;
    }
    let label = call.rsplit_once('(').map_or(call, |(label, _)| label);
    made(path, number, label.trim())
}

/// `path`, `path:line` or `path:line:column`.
fn at_line(place: &str) -> (&str, Option<i64>) {
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    let Some((path, last)) = place.rsplit_once(':') else {
        return (place, None);
    };
    let Some(last) = number(last) else {
        return (place, None);
    };
    match path.rsplit_once(':') {
        Some((path, line)) if number(line).is_some() => (path, number(line)),
        _ => (path, Some(last)),
    }
}

fn made(path: &str, line: Option<i64>, label: &str) -> Option<Frame> {
    let filled = |text: &str| (!text.is_empty()).then(|| text.into());
    let frame = Frame {
        path: filled(path),
        line,
        label: filled(label),
    };
    (frame != Frame::default()).then_some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(text: &str) -> Vec<(String, Option<i64>, String)> {
        let stacks = parse(text);
        assert_eq!(stacks.len(), 1);
        told(&stacks[0])
    }

    fn told(stack: &Stack) -> Vec<(String, Option<i64>, String)> {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        let frames = stack.frames.iter();
        frames
            .map(|frame| (text(&frame.path), frame.line, text(&frame.label)))
            .collect()
    }

    fn frame(path: &str, line: i64, label: &str) -> (String, Option<i64>, String) {
        (path.to_owned(), Some(line), label.to_owned())
    }

    #[test]
    fn java_tells_causes() {
        let text = "java.lang.IllegalStateException: state is not legal\n\tat app//com.example.Shop.pay(Shop.java:33)\n\
            \tat java.base/java.lang.Thread.run(Thread.java:829)\n\tat Native.call(Native Method)\nCaused by: \
            java.io.IOException: closed: early\n\tat com.example.Net.read(Net.java:7)\n\t... 2 more";
        let stacks = parse(text);
        assert_eq!(
            told(&stacks[0])[..2],
            [
                frame("Shop.java", 33, "com.example.Shop.pay"),
                frame("Thread.java", 829, "java.lang.Thread.run")
            ]
        );
        assert_eq!(stacks[0].frames[2].path.as_deref(), Some("Native Method"));
        assert_eq!(stacks[1].kind.as_deref(), Some("java.io.IOException"));
        assert_eq!(stacks[1].message.as_deref(), Some("closed: early"));
        assert_eq!(
            told(&stacks[1]),
            [frame("Net.java", 7, "com.example.Net.read")]
        );
    }

    #[test]
    fn python_tells_the_outermost_first_and_the_last_exception_last() {
        let text = "Traceback (most recent call last):\n  File \"old.py\", line 1, in old\n    raise A\nA: x\n\nDuring handling of the \
            above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"main.py\", line 14, in <module>\n    \
            run()\n  File \"shop.py\", line 5, in run\n    raise E\nE: y\n";
        assert_eq!(
            frames(text),
            [frame("shop.py", 5, "run"), frame("main.py", 14, "<module>")]
        );
    }

    #[test]
    fn javascript_tells_columns() {
        let text = "TypeError: no\n    at Shop.pay (/srv/shop.js:10:5)\n    at /srv/main.js:2:1\n    at file:///a/b.mjs:3:9";
        assert_eq!(
            frames(text),
            [
                frame("/srv/shop.js", 10, "Shop.pay"),
                frame("/srv/main.js", 2, ""),
                frame("file:///a/b.mjs", 3, "")
            ]
        );
    }

    #[test]
    fn dotnet_and_go_are_known_too() {
        let text = "System.Exception: no\n   at Shop.Pay(Int32 n) in C:\\src\\Shop.cs:line 8\n   at Shop.Main()";
        let found = frames(text);
        assert_eq!(found[0], frame("C:\\src\\Shop.cs", 8, "Shop.Pay(Int32 n)"));
        assert_eq!(found[1].2, "Shop.Main");
        let text = "goroutine 1 [running]:\nmain.work(0x1, 0x2)\n\t/src/main.go:12 +0x1d\nmain.main()\n\t/src/main.go:5 +0x2";
        assert_eq!(
            frames(text),
            [
                frame("/src/main.go", 12, "main.work"),
                frame("/src/main.go", 5, "main.main")
            ]
        );
    }

    #[test]
    fn a_deep_stack_is_cut_and_counted() {
        let text = "  at f (a.js:1:1)\n".repeat(FRAMES + 7);
        let stacks = parse(&text);
        assert_eq!((stacks[0].frames.len(), stacks[0].truncated), (FRAMES, 7));
    }

    #[test]
    fn what_is_no_stack_has_no_frames() {
        for text in [
            "",
            "at ",
            "  File \"",
            "at (",
            "no stack\n\tat all",
            "at )(",
            "at a:b",
        ] {
            assert!(parse(text)[0].frames.len() <= 1, "{text}");
        }
    }
}
