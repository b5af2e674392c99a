//! What makes a model quick to code with, and what learning remembers between documents. None of it is kept: it is made
//! anew from the model.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;
use hashbrown::{HashMap, HashSet};

use crate::lexer::Path;
use crate::model::{Entry, Kind, LinkId, Model, NodeId, Step};

/// An object with more different keys has them as values.
const WIDE: usize = 64;
/// How many values of a kind are learnt of a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Most {
    Texts,
    Ids,
    /// Few: written as they are they take little more.
    Integers,
}

const MOST_TEMPLATES: usize = 64;
/// After so many new values in a row there is nothing to be learnt.
const PATIENCE: u32 = 4096;
/// How many values that were not known are remembered of a place; one that comes again is learnt.
const REMEMBERED: usize = 64;
/// How many shapes that were not known.
const SHAPES_REMEMBERED: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Index {
    by_path: HashMap<(NodeId, Kind, Box<[u8]>), NodeId>,
    places: Vec<Place>,
    shapes: HashMap<Box<[Step]>, u32>,
    shapes_seen: Seen<SHAPES_REMEMBERED>,
    /// How many keys each object has, by the array around it and its path; and which.
    keys: HashMap<(NodeId, Box<[u8]>), usize>,
    keys_seen: HashSet<(NodeId, Box<[u8]>)>,
}

/// What the index has of a node.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Where one may go from here: what was taken often first, keys that are values last.
    pub(crate) links: Vec<LinkId>,
    /// The node of an array's elements.
    pub(crate) elements: Option<NodeId>,
    /// With how many decimals times are written here, whatever they are.
    pub(crate) decimals: Option<u8>,
    /// How many new values there were since one came again.
    in_vain: u32,
    plain: HashMap<Box<[u8]>, u32>,
    templates: HashMap<Box<[u8]>, u32>,
    seen: Seen<REMEMBERED>,
    templates_seen: Seen<REMEMBERED>,
}

/// The latest of a kind, by hash.
#[derive(Debug)]
struct Seen<const N: usize> {
    hashes: Vec<u64>,
    next: usize,
}

// === impl Index ===

impl Index {
    pub(crate) fn new(model: &Model) -> Self {
        let mut index = Self::default();
        for node in 0..model.nodes.len() {
            index.note_node(model, id(node));
        }
        for link in 0..model.links.len() {
            index.note_link(model, id(link));
        }
        for (number, shape) in model.shapes.iter().enumerate() {
            index.shapes.insert(shape.clone(), id(number));
        }
        index
    }

    pub(crate) fn place(&mut self, node: NodeId) -> &mut Place {
        &mut self.places[node as usize]
    }

    /// The node of this path, if it is known or there is room for it.
    pub(crate) fn node(
        &mut self,
        model: &mut Model,
        root: NodeId,
        kind: Kind,
        path: &[u8],
    ) -> Option<NodeId> {
        if let Some(&known) = self.by_path.get(&(root, kind, path.into())) {
            return Some(known);
        }
        let node = model.add_node(root, kind, path)?;
        self.note_node(model, node);
        Some(node)
    }

    pub(crate) fn add_link(
        &mut self,
        model: &mut Model,
        from: NodeId,
        literal: &[u8],
        to: Option<NodeId>,
    ) -> Option<LinkId> {
        let link = model.add_link(from, literal, to)?;
        self.note_link(model, link);
        Some(link)
    }

    /// Whether a key that is not known of this object is a value, for it has so many.
    pub(crate) fn is_wide(&self, root: NodeId, object: &Path, key: &[u8]) -> bool {
        let object_key = (root, Box::from(object.bytes()));
        self.keys.get(&object_key).is_some_and(|&keys| keys >= WIDE)
            && !self.keys_seen.contains(&(root, object.with(key).into()))
    }

    /// The shape of these steps, if it is known; learns it when it was seen before.
    pub(crate) fn shape(&mut self, model: &mut Model, steps: &[Step]) -> Option<u32> {
        if let Some(&known) = self.shapes.get(steps) {
            return Some(known);
        }
        if !self.shapes_seen.note(hash_of(steps)) {
            return None;
        }
        let shape = model.add_shape(steps)?;
        self.shapes.insert(steps.into(), shape);
        Some(shape)
    }

    fn note_node(&mut self, model: &Model, id: NodeId) {
        let node = &model.nodes[id as usize];
        let mut place = Place::default();
        for (number, entry) in node.entries.iter().enumerate() {
            place.note_entry(entry, self::id(number));
        }
        self.places.push(place);
        if node.kind == Kind::Start && node.root != 0 {
            self.places[node.root as usize].elements = Some(id);
        }
        self.by_path
            .insert((node.root, node.kind, node.path.clone()), id);
        if let Some(path) = Path::from_bytes(&node.path) {
            for (object, with_key) in path.prefixes() {
                if self.keys_seen.insert((node.root, with_key.into())) {
                    *self.keys.entry((node.root, object.into())).or_default() += 1;
                }
            }
        }
    }

    fn note_link(&mut self, model: &Model, id: LinkId) {
        let link = &model.links[id as usize];
        let is_key = |link: &LinkId| {
            let to = model.links[*link as usize].to;
            to.is_some_and(|to| model.nodes[to as usize].kind == Kind::Key)
        };
        let links = &mut self.places[link.from as usize].links;
        // A key that is a value begins as every key does.
        let at = if is_key(&id) {
            links.len()
        } else {
            links.iter().position(is_key).unwrap_or(links.len())
        };
        links.insert(at, id);
    }
}

// === impl Most ===

impl Most {
    fn number(self) -> usize {
        match self {
            Self::Texts => 512,
            Self::Ids => 256,
            Self::Integers => 48,
        }
    }
}

// === impl Place ===

impl Place {
    /// Where a text stands in the dictionary.
    pub(crate) fn plain(&self, text: &[u8]) -> Option<u32> {
        self.plain.get(text).copied()
    }

    pub(crate) fn template(&self, template: &[u8]) -> Option<u32> {
        if self.templates.is_empty() {
            return None;
        }
        self.templates.get(template).copied()
    }

    /// What should be learnt of a value that is in no dictionary: itself, when it comes again.
    pub(crate) fn learn_plain(&mut self, value: &[u8], most: Most) -> Option<Entry> {
        if self.plain.len() >= most.number() || self.in_vain >= PATIENCE {
            return None;
        }
        if self.seen.note(hash_of(value)) {
            self.in_vain = 0;
            return Some(Entry::Plain(value.into()));
        }
        self.in_vain += 1;
        None
    }

    /// The template of a value, when it was another value's, too.
    pub(crate) fn learn_template(&mut self, template: &[u8], value: &[u8]) -> Option<Entry> {
        if self.templates.len() >= MOST_TEMPLATES {
            return None;
        }
        // A value that comes again is learnt as it is.
        let is_known =
            !self.seen.has(hash_of(value)) && self.templates_seen.note(hash_of(template));
        is_known.then(|| Entry::Template(template.into()))
    }

    pub(crate) fn note_entry(&mut self, entry: &Entry, number: u32) {
        match entry {
            Entry::Plain(text) => self.plain.insert(text.clone(), number),
            Entry::Template(template) => self.templates.insert(template.clone(), number),
        };
    }
}

// === impl Seen ===

impl<const N: usize> Default for Seen<N> {
    fn default() -> Self {
        Self {
            hashes: Vec::new(),
            next: 0,
        }
    }
}

impl<const N: usize> Seen<N> {
    fn has(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }

    /// Whether it was seen lately; it is from now on.
    fn note(&mut self, hash: u64) -> bool {
        if self.has(hash) {
            return true;
        }
        if self.hashes.len() < N {
            self.hashes.push(hash);
        } else {
            self.hashes[self.next] = hash;
            self.next = (self.next + 1) % N;
        }
        false
    }
}

/// The same for the same value in every run; what collides is learnt early, no more.
fn hash_of(value: impl Hash) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

/// Everything is bounded far below this.
fn id(index: usize) -> u32 {
    u32::try_from(index).expect("models are bounded")
}
