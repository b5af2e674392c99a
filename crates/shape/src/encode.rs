//! From a document to streams, learning on the way.

use std::ops::Range;

use crate::index::{Index, Most};
use crate::lexer::{self, Path};
use crate::model::{Entry, Kind, LinkId, Model, NodeId, Step, step};
use crate::numbers::{WIDTHS, put, put_wide};
use crate::spelling::{Id, Number, TICKS_A_MICRO, Ticks, class, ticks_a_unit};
use crate::{DEEPEST, LONGEST, Seeds, Streams, Unfit, texts};

/// How many earlier ids, and how many texts, a value may refer to.
pub(crate) const EARLIER: usize = 120;
/// A shorter text is not referred to.
pub(crate) const SHORTEST_EARLIER: usize = 4;

/// What stands for the shape of an array's element, or a document.
pub(crate) mod frame {
    /// No element more.
    pub(crate) const END: u64 = 0;
    /// Its steps follow.
    pub(crate) const INLINE: u64 = 1;
    /// The first shape of the model.
    pub(crate) const FIRST: u64 = 2;
}

/// What stands for a text.
pub(crate) mod text {
    /// It is in the other streams.
    pub(crate) const INLINE: u64 = 0;
    /// The number of an earlier text follows.
    pub(crate) const EARLIER: u64 = 1;
    /// The first of the place's dictionary.
    pub(crate) const FIRST: u64 = 2;
}

/// What stands for an id: its number among the earlier ones, or one of these.
pub(crate) mod id {
    use super::EARLIER;

    /// It is in its stream.
    pub(crate) const INLINE: u64 = EARLIER as u64;
    /// The first of the place's dictionary.
    pub(crate) const FIRST: u64 = INLINE + 1;
}

/// What stands for a whole number that is in its place's dictionary; less is the width of one that is not.
pub(crate) const FIRST_INTEGER: u64 = WIDTHS;

/// Codes documents with a model, which it makes grow.
#[derive(Debug)]
pub struct Encoder {
    model: Model,
    index: Index,
    scratch: Scratch,
}

/// What one document needs while it is coded; kept for the next.
#[derive(Debug, Default)]
struct Scratch {
    frames: Vec<Frame>,
    /// Steps of the frames that are not done.
    steps: Vec<Step>,
    inline: Vec<Step>,
    codes: Vec<u8>,
    ids: Vec<Id>,
    template: Vec<u8>,
    numbers: Vec<u64>,
}

#[derive(Debug, Clone)]
enum Frame {
    Open,
    End,
    Shape(u32),
    Inline(Range<usize>),
}

/// What times in one element are told from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    pub(crate) reference: Ticks,
    /// The first time here, from which those of the first element are told.
    first: Option<Ticks>,
    /// What the second time is likely to be.
    end: Option<Ticks>,
}

// === impl Encoder ===

impl Encoder {
    /// Goes on with a model; a new one is [`Model::default`].
    #[must_use]
    pub fn new(model: Model) -> Self {
        let index = Index::new(&model);
        Self {
            model,
            index,
            scratch: Scratch::default(),
        }
    }

    /// What has been learnt so far.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Codes a document and appends it to the streams.
    ///
    /// # Errors
    ///
    /// When it does not fit; the streams are as they were.
    pub fn encode(
        &mut self,
        seeds: &Seeds<'_>,
        document: &[u8],
        streams: &mut Streams,
    ) -> Result<(), Unfit> {
        if document.len() > LONGEST {
            return Err(Unfit);
        }
        let before = [
            streams.shapes.len(),
            streams.numbers.len(),
            streams.ids.len(),
            streams.text.len(),
        ];
        self.scratch.clear();
        let mut earlier_texts = Vec::with_capacity(EARLIER);
        seed(seeds, &mut self.scratch.ids, &mut earlier_texts);
        let mut run = Run {
            model: &mut self.model,
            index: &mut self.index,
            scratch: &mut self.scratch,
            document,
            at: 0,
            earlier_texts,
            streams,
        };
        let mut level = Level::of_document(seeds);
        let coded = run.frame(0, 0, &mut level, 0);
        if coded.is_err() {
            streams.shapes.truncate(before[0]);
            streams.numbers.truncate(before[1]);
            streams.ids.truncate(before[2]);
            streams.text.truncate(before[3]);
            return Err(Unfit);
        }
        self.scratch.finish(&mut streams.shapes);
        Ok(())
    }
}

/// What values may refer to from the beginning.
pub(crate) fn seed<'a>(seeds: &Seeds<'a>, ids: &mut Vec<Id>, texts: &mut Vec<&'a [u8]>) {
    ids.push(Id::new(class::TRACE, &seeds.trace));
    ids.push(Id::new(class::HEX16, &seeds.id));
    ids.extend(seeds.parent.map(|parent| Id::new(class::HEX16, &parent)));
    for text in seeds.texts.iter().take(Seeds::TEXTS) {
        match Id::parse(text) {
            Some(id) => ids.push(id),
            None => texts.push(text),
        }
    }
}

// === impl Scratch ===

impl Scratch {
    fn clear(&mut self) {
        self.frames.clear();
        self.steps.clear();
        self.inline.clear();
        self.codes.clear();
        self.ids.clear();
    }

    fn finish(&mut self, shapes: &mut Vec<u8>) {
        let mut frames = Vec::with_capacity(4 * self.frames.len());
        for frame in &self.frames {
            match frame {
                Frame::Open | Frame::End => put(&mut frames, frame::END),
                Frame::Shape(shape) => put(&mut frames, frame::FIRST + u64::from(*shape)),
                Frame::Inline(steps) => {
                    put(&mut frames, frame::INLINE);
                    put(&mut frames, steps.len() as u64);
                    for &step in &self.inline[steps.clone()] {
                        put(&mut frames, step.into());
                    }
                }
            }
        }
        put(shapes, frames.len() as u64);
        shapes.extend_from_slice(&frames);
        shapes.extend_from_slice(&self.codes);
    }
}

/// The coding of one document.
struct Run<'a> {
    model: &'a mut Model,
    index: &'a mut Index,
    scratch: &'a mut Scratch,
    document: &'a [u8],
    at: usize,
    earlier_texts: Vec<&'a [u8]>,
    streams: &'a mut Streams,
}

// === impl Run ===

impl Run<'_> {
    /// Codes the document, or the element of an array that begins here.
    fn frame(
        &mut self,
        root: NodeId,
        start: NodeId,
        level: &mut Level,
        depth: usize,
    ) -> Result<(), Unfit> {
        let number = self.scratch.frames.len();
        self.scratch.frames.push(Frame::Open);
        let begin = self.scratch.steps.len();
        let mut node = start;
        loop {
            let link = self.follow(root, node)?;
            let Link { length, to } = self.link(link);
            self.at += length;
            let Some((next, kind)) = to else {
                self.scratch.steps.push(step(link, 0));
                break;
            };
            let class = match kind {
                Kind::Text | Kind::Key => self.text(next)?,
                Kind::Bare => self.bare(next, level),
                Kind::Array => {
                    self.elements(next, level, depth)?;
                    0
                }
                Kind::Start => return Err(Unfit),
            };
            self.scratch.steps.push(step(link, class));
            node = next;
        }
        let steps = &self.scratch.steps[begin..];
        self.scratch.frames[number] = match self.index.shape(self.model, steps) {
            Some(shape) => Frame::Shape(shape),
            None => {
                let from = self.scratch.inline.len();
                self.scratch.inline.extend_from_slice(steps);
                Frame::Inline(from..self.scratch.inline.len())
            }
        };
        self.scratch.steps.truncate(begin);
        Ok(())
    }

    fn elements(&mut self, array: NodeId, level: &Level, depth: usize) -> Result<(), Unfit> {
        if depth == DEEPEST {
            return Err(Unfit);
        }
        let start = self.index.place(array).elements;
        let start = match start {
            Some(start) => start,
            None => self
                .index
                .node(self.model, array, Kind::Start, &[])
                .ok_or(Unfit)?,
        };
        let mut level = level.of_first_element();
        loop {
            let space = lexer::space(&self.document[self.at..]);
            match self.document.get(self.at + space) {
                Some(b']') => break,
                Some(_) => self.frame(array, start, &mut level, depth + 1)?,
                None => return Err(Unfit),
            }
            level = level.of_next_element();
        }
        self.scratch.frames.push(Frame::End);
        Ok(())
    }

    fn link(&self, link: LinkId) -> Link {
        let link = &self.model.links[link as usize];
        Link {
            length: link.literal.len(),
            to: link.to.map(|to| (to, self.model.nodes[to as usize].kind)),
        }
    }

    /// The link that fits what comes after a place; learns it when there is none.
    fn follow(&mut self, root: NodeId, node: NodeId) -> Result<LinkId, Unfit> {
        let rest = &self.document[self.at..];
        let links = &mut self.index.place(node).links;
        let fits = |link: &LinkId| {
            let link = &self.model.links[*link as usize];
            let Some(after) = rest.strip_prefix(&*link.literal) else {
                return false;
            };
            match link.to {
                None => root != 0 || after.is_empty(),
                Some(to) => {
                    self.model.nodes[to as usize].kind != Kind::Bare
                        || after.first().copied().is_some_and(lexer::is_bare)
                }
            }
        };
        let Some(found) = links.iter().position(fits) else {
            return self.learn(root, node).ok_or(Unfit);
        };
        let link = links[found];
        // What is taken often comes to the front; a key that is a value stays behind all others.
        let is_key = |link: LinkId| {
            let to = self.model.links[link as usize].to;
            to.is_some_and(|to| self.model.nodes[to as usize].kind == Kind::Key)
        };
        if found > 0 && !is_key(link) {
            links.swap(found, found - 1);
        }
        Ok(link)
    }

    #[cold]
    fn learn(&mut self, root: NodeId, node: NodeId) -> Option<LinkId> {
        let from = &self.model.nodes[node as usize];
        let path = Path::from_bytes(&from.path)?;
        let rest = &self.document[self.at..];
        let index = &*self.index;
        let found = lexer::next_place(rest, from.kind, path, root == 0, |object, key| {
            index.is_wide(root, object, key)
        })?;
        let to = match found.place {
            None => None,
            Some((kind, path)) => Some(self.index.node(self.model, root, kind, path.bytes())?),
        };
        let literal = &rest[..found.length];
        self.index.add_link(self.model, node, literal, to)
    }

    /// Codes a string up to its closing quote.
    fn text(&mut self, node: NodeId) -> Result<u8, Unfit> {
        let rest = &self.document[self.at..];
        let length = lexer::end_of_text(rest).ok_or(Unfit)?;
        let text = &rest[..length];
        self.at += length;
        if let Some(id) = Id::parse(text) {
            self.id(node, text, id);
            return Ok(id.class);
        }
        self.plain_text(node, text);
        Ok(class::TEXT)
    }

    fn bare(&mut self, node: NodeId, level: &mut Level) -> u8 {
        let rest = &self.document[self.at..];
        let text = &rest[..lexer::end_of_bare(rest)];
        self.at += text.len();
        match Number::parse(text) {
            Some(Number::Integer(value)) => {
                self.integer(node, text, value);
                class::INTEGER
            }
            Some(Number::Decimal { units, decimals }) => {
                self.number(units);
                class::DECIMAL + decimals - 1
            }
            Some(Number::TimeScientific(ticks)) => {
                self.number(level.tell(ticks, 1));
                class::TIME_SCIENTIFIC
            }
            Some(Number::Time {
                ticks,
                decimals,
                ends_in_zero,
            }) => {
                let fixed = &mut self.index.place(node).decimals;
                let is_short = !ends_in_zero || (decimals == 1);
                if !is_short {
                    *fixed = Some(decimals);
                }
                let (unit, class) = if *fixed == Some(decimals) {
                    (ticks_a_unit(decimals), class::TIME_FIXED + decimals - 1)
                } else {
                    (1, class::TIME)
                };
                self.number(level.tell(ticks, unit));
                class
            }
            None => {
                self.plain_text(node, text);
                class::TEXT
            }
        }
    }

    fn number(&mut self, value: i64) {
        let width = put_wide(&mut self.streams.numbers, value);
        put(&mut self.scratch.codes, width);
    }

    fn integer(&mut self, node: NodeId, text: &[u8], value: i64) {
        let known = self.index.place(node).plain(text);
        if let Some(known) = known {
            put(&mut self.scratch.codes, FIRST_INTEGER + u64::from(known));
            return;
        }
        self.number(value);
        self.learn_plain(node, text, Most::Integers);
    }

    fn id(&mut self, node: NodeId, text: &[u8], id: Id) {
        let ids = &mut self.scratch.ids;
        let codes = &mut self.scratch.codes;
        if let Some(earlier) = ids.iter().position(|earlier| *earlier == id) {
            put(codes, earlier as u64);
            return;
        }
        if let Some(known) = self.index.place(node).plain(text) {
            put(codes, id::FIRST + u64::from(known));
            return;
        }
        put(codes, id::INLINE);
        self.streams.ids.extend_from_slice(id.bytes());
        if ids.len() < EARLIER {
            ids.push(id);
        }
        self.learn_plain(node, text, Most::Ids);
    }

    fn plain_text(&mut self, node: NodeId, text: &[u8]) {
        let codes = &mut self.scratch.codes;
        let place = self.index.place(node);
        if let Some(known) = place.plain(text) {
            put(codes, text::FIRST + u64::from(known));
            return;
        }
        let is_long = text.len() >= SHORTEST_EARLIER;
        if is_long && let Some(earlier) = self.earlier_texts.iter().position(|one| *one == text) {
            put(codes, text::EARLIER);
            put(codes, earlier as u64);
            return;
        }
        // The document outlives the run.
        let kept = &self.document[self.at - text.len()..self.at];
        if is_long && self.earlier_texts.len() < EARLIER {
            self.earlier_texts.push(kept);
        }
        let Scratch {
            codes,
            template,
            numbers,
            ..
        } = &mut *self.scratch;
        let is_template = texts::template(text, template, numbers);
        if is_template && let Some(known) = place.template(template) {
            put(codes, text::FIRST + u64::from(known));
            texts::put_numbers(template, numbers, &mut self.streams.numbers);
        } else {
            put(codes, text::INLINE);
            put(&mut self.streams.numbers, text.len() as u64);
            self.streams.text.extend_from_slice(text);
            if is_template {
                let entry = place.learn_template(template, text);
                self.add(node, entry);
            }
        }
        self.learn_plain(node, text, Most::Texts);
    }

    /// Learns a value that was in no dictionary, if it comes again and again.
    fn learn_plain(&mut self, node: NodeId, text: &[u8], most: Most) {
        let entry = self.index.place(node).learn_plain(text, most);
        self.add(node, entry);
    }

    fn add(&mut self, node: NodeId, entry: Option<Entry>) {
        if let Some(entry) = entry
            && let Some(number) = self.model.add_entry(node, entry.clone())
        {
            self.index.place(node).note_entry(&entry, number);
        }
    }
}

/// What coding needs to know of a link.
struct Link {
    length: usize,
    to: Option<(NodeId, Kind)>,
}

// === impl Level ===

impl Level {
    pub(crate) fn of_document(seeds: &Seeds<'_>) -> Self {
        let ticks = |micros: i64| micros.saturating_mul(TICKS_A_MICRO);
        Self {
            reference: ticks(seeds.start_micros),
            first: None,
            end: seeds.end_micros.map(ticks),
        }
    }

    pub(crate) fn of_first_element(&self) -> Self {
        Self {
            reference: self.first.unwrap_or(self.reference),
            first: None,
            end: None,
        }
    }

    pub(crate) fn of_next_element(&self) -> Self {
        Self {
            first: None,
            ..*self
        }
    }

    /// How far a time is from what it is told from, in units of so many ticks.
    fn tell(&mut self, ticks: Ticks, unit: i64) -> i64 {
        let difference = (ticks / unit).wrapping_sub(self.reference.div_euclid(unit));
        self.go_on(ticks);
        difference
    }

    /// The time that is so far from it.
    pub(crate) fn told(&mut self, difference: i64, unit: i64) -> Ticks {
        let units = self.reference.div_euclid(unit).wrapping_add(difference);
        let ticks = units.wrapping_mul(unit);
        self.go_on(ticks);
        ticks
    }

    fn go_on(&mut self, ticks: Ticks) {
        let end = self.end.take();
        if self.first.is_none() {
            self.first = Some(ticks);
            self.reference = end.unwrap_or(ticks);
        } else {
            self.reference = ticks;
        }
    }
}
