//! Writing XML, as the query protocol has it.

use std::fmt::{self, Display};

use bytes::Bytes;
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// A document under way. Writing into memory cannot fail.
pub struct Xml {
    writer: Writer<Vec<u8>>,
}

const IN_MEMORY: &str = "writing into memory cannot fail";

impl fmt::Debug for Xml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = String::from_utf8_lossy(self.writer.get_ref());
        f.debug_tuple("Xml").field(&written).finish()
    }
}

impl Default for Xml {
    fn default() -> Self {
        Self::new()
    }
}

impl Xml {
    /// An empty document.
    #[must_use]
    pub fn new() -> Self {
        Self {
            writer: Writer::new(Vec::new()),
        }
    }

    /// The outermost element, in its namespace.
    pub fn root(&mut self, name: &str, namespace: &str, content: impl FnOnce(&mut Self)) {
        let mut start = BytesStart::new(name);
        start.push_attribute(("xmlns", namespace));
        self.write(Event::Start(start));
        content(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element with elements inside.
    pub fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.write(Event::Start(BytesStart::new(name)));
        content(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element with text inside. Characters that XML 1.0 cannot carry become U+FFFD.
    pub fn text(&mut self, name: &str, value: impl Display) {
        let text: String = value.to_string().chars().map(presentable).collect();
        self.element(name, |xml| {
            if !text.is_empty() {
                xml.write(Event::Text(BytesText::new(&text)));
            }
        });
    }

    /// An element with text inside, when there is a value.
    pub fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A list: `<name><member>…</member>…</name>`, each element's content written by `content`.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        content: impl Fn(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.element("member", |xml| content(xml, item));
            }
        });
    }

    /// A list of texts.
    pub fn texts<T: Display>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        self.element(name, |xml| {
            for item in items {
                xml.text("member", item);
            }
        });
    }

    /// The document's bytes.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.writer.into_inner().into()
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect(IN_MEMORY);
    }
}

fn presentable(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_wrap_their_members() {
        let mut xml = Xml::new();
        xml.root("R", "ns", |xml| {
            xml.texts("Names", ["a", "b"]);
            xml.list("Pairs", [(1, 2)], |xml, (key, value)| {
                xml.text("Key", key);
                xml.text("Value", value);
            });
            xml.optional("None", None::<&str>);
            xml.text("Empty", "");
        });
        assert_eq!(
            xml.finish(),
            "<R xmlns=\"ns\"><Names><member>a</member><member>b</member></Names>\
             <Pairs><member><Key>1</Key><Value>2</Value></member></Pairs><Empty></Empty></R>"
        );
    }

    #[test]
    fn text_is_escaped_and_stays_within_xml() {
        let mut xml = Xml::new();
        xml.text("T", "<&>\u{1}é");
        assert_eq!(xml.finish(), "<T>&lt;&amp;&gt;\u{fffd}é</T>");
    }
}
