//! What has been learnt: literals, dictionaries, shapes. It only grows, and is kept as the journal of its growing.

use crate::numbers::{Cursor, put};
use crate::{CLASS_BITS, Corrupt};

/// A place among [`Model::nodes`].
pub(crate) type NodeId = u32;
/// A place among [`Model::links`].
pub(crate) type LinkId = u32;
/// A link, and how the value after it is spelled: see [`step`].
pub(crate) type Step = u32;

/// A model takes nothing more once its journal is this long, in bytes.
const JOURNAL: usize = 1 << 20;
const NODES: usize = 1 << 14;
const LINKS: usize = 1 << 15;
const SHAPES: usize = 1 << 13;
const ENTRIES: usize = 1 << 16;
/// The longest literal or entry.
pub(crate) const LONGEST_PIECE: usize = 1 << 10;
/// The longest shape.
const LONGEST_SHAPE: usize = 1 << 10;

/// Of which kind a place in documents is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Before a document or an element of an array.
    Start,
    /// A string.
    Text,
    /// A number, `true`, `false` or `null`.
    Bare,
    /// An array, whose elements have shapes of their own.
    Array,
    /// The key of an object with so many different keys that each is a value.
    Key,
}

/// A place in documents.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The array whose elements it is in; 0, the place before it, for the document's own places.
    pub(crate) root: NodeId,
    pub(crate) kind: Kind,
    /// The keys from there on, as [`crate::lexer::Path`] writes them.
    pub(crate) path: Box<[u8]>,
    /// What stands there often.
    pub(crate) entries: Vec<Entry>,
}

/// A text that stands somewhere often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// All of it.
    Plain(Box<[u8]>),
    /// With numbers in it: what [`crate::texts::template`] makes of it.
    Template(Box<[u8]>),
}

/// The text between two places.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) from: NodeId,
    pub(crate) literal: Box<[u8]>,
    /// The place after it; nothing at the end of a document or element.
    pub(crate) to: Option<NodeId>,
}

/// Literals, dictionaries and shapes, learnt from documents.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<Link>,
    pub(crate) shapes: Vec<Box<[Step]>>,
    entries: usize,
    journal: Vec<u8>,
    /// It takes nothing more once its journal is this long.
    most: usize,
    /// How much it would have learnt, had there been room.
    missed: usize,
}

/// What the journal tells of.
const NODE: u8 = 0;
const LINK: u8 = 1;
const PLAIN: u8 = 2;
const TEMPLATE: u8 = 3;
const SHAPE: u8 = 4;

pub(crate) const fn step(link: LinkId, class: u8) -> Step {
    link << CLASS_BITS | class as Step
}

/// The link of a step, and how the value after it is spelled.
pub(crate) const fn link_and_class(step: Step) -> (LinkId, u8) {
    (step >> CLASS_BITS, (step & ((1 << CLASS_BITS) - 1)) as u8)
}

// === impl Model ===

impl Default for Model {
    fn default() -> Self {
        let start = Node {
            root: 0,
            kind: Kind::Start,
            path: Box::default(),
            entries: Vec::new(),
        };
        Self {
            nodes: vec![start],
            links: Vec::new(),
            shapes: Vec::new(),
            entries: 0,
            journal: Vec::new(),
            most: JOURNAL,
            missed: 0,
        }
    }
}

impl Model {
    /// Reads a journal, or a beginning of one that [`Model::journal`] once was.
    ///
    /// # Errors
    ///
    /// When no model was kept as this.
    pub fn from_journal(journal: &[u8]) -> Result<Self, Corrupt> {
        let mut model = Self::default();
        model.extend(journal)?;
        Ok(model)
    }

    /// The same, to be grown no further than to a journal of so many bytes, and never beyond what any model may have.
    #[must_use]
    pub fn within(self, journal: usize) -> Self {
        Self {
            most: journal.min(JOURNAL),
            ..self
        }
    }

    /// Grows as the model did whose journal goes on with this.
    ///
    /// # Errors
    ///
    /// When no model went on like this; it has taken a part of it then.
    pub fn extend(&mut self, journal: &[u8]) -> Result<(), Corrupt> {
        let mut rest = Cursor(journal);
        while !rest.0.is_empty() {
            let taken = self.read_one(&mut rest)?;
            if !taken {
                return Err(Corrupt);
            }
        }
        Ok(())
    }

    /// What has been learnt so far, in the order of learning. It only grows at its end.
    #[must_use]
    pub fn journal(&self) -> &[u8] {
        &self.journal
    }

    /// Whether this reads what was coded with the other: it is the same, or the other was this before it grew.
    #[must_use]
    pub fn has_grown_from(&self, other: &Self) -> bool {
        self.journal.starts_with(&other.journal)
    }

    /// How much of each kind there is, for people.
    #[must_use]
    pub fn told(&self) -> String {
        let (nodes, links) = (self.nodes.len(), self.links.len());
        let (shapes, entries) = (self.shapes.len(), self.entries);
        format!("{nodes} places, {links} literals, {shapes} shapes, {entries} entries")
    }

    /// Whether it learns nothing more; what is new is left to whoever keeps documents that do not fit.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.journal.len() >= self.most
    }

    /// How much it would have learnt since it was made, in bytes, had there been room: what is new is coded at length, or not
    /// at all. A new model would learn it.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// Whether there is room for one more of a kind that there are so many of; one that is missing is noted.
    fn has_room(&mut self, have: usize, most: usize, bytes: usize) -> bool {
        let has_room = !self.is_full() && have < most;
        if !has_room {
            self.missed = self.missed.saturating_add(bytes);
        }
        has_room
    }

    /// Adds a place, if there is room.
    pub(crate) fn add_node(&mut self, root: NodeId, kind: Kind, path: &[u8]) -> Option<NodeId> {
        if path.len() > LONGEST_PIECE || !self.has_room(self.nodes.len(), NODES, path.len()) {
            return None;
        }
        self.journal.push(NODE);
        put(&mut self.journal, root.into());
        self.journal.push(kind.number());
        self.put_bytes(path);
        let id = id(self.nodes.len());
        self.nodes.push(Node {
            root,
            kind,
            path: path.into(),
            entries: Vec::new(),
        });
        Some(id)
    }

    pub(crate) fn add_link(
        &mut self,
        from: NodeId,
        literal: &[u8],
        to: Option<NodeId>,
    ) -> Option<LinkId> {
        if literal.len() > LONGEST_PIECE || !self.has_room(self.links.len(), LINKS, literal.len()) {
            return None;
        }
        self.journal.push(LINK);
        put(&mut self.journal, from.into());
        put(&mut self.journal, to.map_or(0, |to| u64::from(to) + 1));
        self.put_bytes(literal);
        let literal = literal.into();
        self.links.push(Link { from, literal, to });
        Some(id(self.links.len() - 1))
    }

    /// Adds to a place's dictionary, if there is room; where it stands there.
    pub(crate) fn add_entry(&mut self, node: NodeId, entry: Entry) -> Option<u32> {
        let (tag, bytes) = match &entry {
            Entry::Plain(bytes) => (PLAIN, bytes),
            Entry::Template(bytes) => (TEMPLATE, bytes),
        };
        if bytes.len() > LONGEST_PIECE || !self.has_room(self.entries, ENTRIES, bytes.len()) {
            return None;
        }
        self.entries += 1;
        self.journal.push(tag);
        put(&mut self.journal, node.into());
        put(&mut self.journal, bytes.len() as u64);
        self.journal.extend_from_slice(bytes);
        let entries = &mut self.nodes[node as usize].entries;
        entries.push(entry);
        Some(id(entries.len() - 1))
    }

    pub(crate) fn add_shape(&mut self, steps: &[Step]) -> Option<u32> {
        if steps.len() > LONGEST_SHAPE || !self.has_room(self.shapes.len(), SHAPES, steps.len()) {
            return None;
        }
        self.journal.push(SHAPE);
        put(&mut self.journal, steps.len() as u64);
        for &step in steps {
            put(&mut self.journal, step.into());
        }
        self.shapes.push(steps.into());
        Some(id(self.shapes.len() - 1))
    }

    /// Follows the journal by one; false when there is no room for it.
    fn read_one(&mut self, rest: &mut Cursor<'_>) -> Result<bool, Corrupt> {
        let tag = rest.bytes(1)?[0];
        let taken = match tag {
            NODE => {
                let root = self.read_node(rest)?;
                let kind = Kind::numbered(rest.bytes(1)?[0])?;
                let path = read_bytes(rest)?;
                self.add_node(root, kind, path).is_some()
            }
            LINK => {
                let from = self.read_node(rest)?;
                let to = match rest.index()? {
                    0 => None,
                    to => Some(self.known_node(to - 1)?),
                };
                let literal = read_bytes(rest)?;
                self.add_link(from, literal, to).is_some()
            }
            PLAIN | TEMPLATE => {
                let node = self.read_node(rest)?;
                let bytes = read_bytes(rest)?.into();
                let entry = if tag == PLAIN {
                    Entry::Plain(bytes)
                } else {
                    Entry::Template(bytes)
                };
                self.add_entry(node, entry).is_some()
            }
            SHAPE => {
                let steps = self.read_steps(rest)?;
                self.add_shape(&steps).is_some()
            }
            _ => return Err(Corrupt),
        };
        Ok(taken)
    }

    /// Steps that name links which there are.
    pub(crate) fn read_steps(&self, rest: &mut Cursor<'_>) -> Result<Vec<Step>, Corrupt> {
        let count = rest.index()?;
        if count > rest.0.len() {
            return Err(Corrupt);
        }
        let steps = (0..count).map(|_| {
            let step = Step::try_from(rest.number()?).map_err(|_| Corrupt)?;
            let (link, _) = link_and_class(step);
            let is_known = (link as usize) < self.links.len();
            is_known.then_some(step).ok_or(Corrupt)
        });
        steps.collect()
    }

    fn read_node(&self, rest: &mut Cursor<'_>) -> Result<NodeId, Corrupt> {
        self.known_node(rest.index()?)
    }

    fn known_node(&self, index: usize) -> Result<NodeId, Corrupt> {
        (index < self.nodes.len())
            .then_some(id(index))
            .ok_or(Corrupt)
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        put(&mut self.journal, bytes.len() as u64);
        self.journal.extend_from_slice(bytes);
    }
}

// === impl Kind ===

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Start => 0,
            Self::Text => 1,
            Self::Bare => 2,
            Self::Array => 3,
            Self::Key => 4,
        }
    }

    fn numbered(number: u8) -> Result<Self, Corrupt> {
        let kinds = [Self::Start, Self::Text, Self::Bare, Self::Array, Self::Key];
        kinds.get(usize::from(number)).copied().ok_or(Corrupt)
    }
}

fn read_bytes<'a>(rest: &mut Cursor<'a>) -> Result<&'a [u8], Corrupt> {
    let length = rest.index()?;
    rest.bytes(length)
}

/// Everything is bounded far below this.
fn id(index: usize) -> u32 {
    u32::try_from(index).expect("models are bounded")
}
