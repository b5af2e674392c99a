//! From streams to the document.

use crate::encode::{EARLIER, FIRST_INTEGER, Level, SHORTEST_EARLIER, frame, id, seed, text};
use crate::model::{Entry, Kind, Model, Step, link_and_class};
use crate::numbers::Cursor;
use crate::spelling::{self, Id, class, ticks_a_unit};
use crate::{Coded, Corrupt, DEEPEST, LONGEST, Seeds, texts};

// === impl Model ===

impl Model {
    /// Appends the document that was coded to this, with this model or what it was before it grew, and with these seeds.
    ///
    /// # Errors
    ///
    /// When it cannot have been; `out` has a part of it then. Damage may also give another document: checksums are the
    /// caller's.
    pub fn decode(
        &self,
        seeds: &Seeds<'_>,
        coded: Coded<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let mut shapes = Cursor(coded.shapes);
        let length = shapes.index()?;
        let frames = Cursor(shapes.bytes(length)?);
        let (mut ids, mut texts) = (Vec::with_capacity(EARLIER), Vec::new());
        seed(seeds, &mut ids, &mut texts);
        let begin = out.len();
        let mut run = Run {
            model: self,
            frames,
            codes: shapes,
            numbers: Cursor(coded.numbers),
            ids_left: Cursor(coded.ids),
            text: Cursor(coded.text),
            ids,
            seeds: texts,
            texts: Vec::with_capacity(EARLIER),
            begin,
            out,
        };
        let shape = run.frames.number()?;
        run.frame(shape, &mut Level::of_document(seeds), 0)
    }
}

struct Run<'a> {
    model: &'a Model,
    frames: Cursor<'a>,
    codes: Cursor<'a>,
    numbers: Cursor<'a>,
    ids_left: Cursor<'a>,
    text: Cursor<'a>,
    ids: Vec<Id>,
    seeds: Vec<&'a [u8]>,
    /// Where the texts stand that may be referred to.
    texts: Vec<(usize, usize)>,
    begin: usize,
    out: &'a mut Vec<u8>,
}

// === impl Run ===

impl Run<'_> {
    fn frame(&mut self, shape: u64, level: &mut Level, depth: usize) -> Result<(), Corrupt> {
        match shape {
            frame::END => Err(Corrupt),
            frame::INLINE => {
                let steps = self.model.read_steps(&mut self.frames)?;
                self.steps(&steps, level, depth)
            }
            known => {
                let index = usize::try_from(known - frame::FIRST).map_err(|_| Corrupt)?;
                let model = self.model;
                let steps = model.shapes.get(index).ok_or(Corrupt)?;
                self.steps(steps, level, depth)
            }
        }
    }

    fn steps(&mut self, steps: &[Step], level: &mut Level, depth: usize) -> Result<(), Corrupt> {
        let model = self.model;
        for &step in steps {
            let (link, class) = link_and_class(step);
            let link = &model.links[link as usize];
            self.out.extend_from_slice(&link.literal);
            if self.out.len() - self.begin > LONGEST {
                return Err(Corrupt);
            }
            let Some(to) = link.to else {
                continue;
            };
            let node = &model.nodes[to as usize];
            match node.kind {
                Kind::Array => self.elements(level, depth)?,
                _ => self.value(class, &node.entries, level)?,
            }
        }
        Ok(())
    }

    fn elements(&mut self, level: &Level, depth: usize) -> Result<(), Corrupt> {
        if depth == DEEPEST {
            return Err(Corrupt);
        }
        let mut level = level.of_first_element();
        loop {
            match self.frames.number()? {
                frame::END => return Ok(()),
                shape => self.frame(shape, &mut level, depth + 1)?,
            }
            level = level.of_next_element();
        }
    }

    fn value(&mut self, class: u8, entries: &[Entry], level: &mut Level) -> Result<(), Corrupt> {
        match class {
            class::TEXT => self.text(entries),
            class::INTEGER => self.integer(entries),
            class::HEX16..=class::BASE32_HEX => self.id(class, entries),
            class::TIME => {
                let ticks = level.told(self.number()?, 1);
                spelling::spell_time(ticks, self.out)
            }
            class::TIME_SCIENTIFIC => {
                let ticks = level.told(self.number()?, 1);
                spelling::spell_time_scientific(ticks, self.out)
            }
            class::TIME_FIXED..class::DECIMAL => {
                let decimals = class - class::TIME_FIXED + 1;
                let ticks = level.told(self.number()?, ticks_a_unit(decimals));
                spelling::spell_time_fixed(ticks, decimals, self.out)
            }
            class::DECIMAL..class::END => {
                let units = self.number()?;
                spelling::spell_decimal(units, class - class::DECIMAL + 1, self.out);
                Ok(())
            }
            _ => Err(Corrupt),
        }
    }

    fn number(&mut self) -> Result<i64, Corrupt> {
        let width = self.codes.number()?;
        self.numbers.wide(width)
    }

    fn integer(&mut self, entries: &[Entry]) -> Result<(), Corrupt> {
        match self.codes.number()? {
            width @ 0..FIRST_INTEGER => {
                spelling::spell_integer(self.numbers.wide(width)?, self.out);
                Ok(())
            }
            known => self.known(known - FIRST_INTEGER, entries),
        }
    }

    fn id(&mut self, class: u8, entries: &[Entry]) -> Result<(), Corrupt> {
        let id = match self.codes.number()? {
            earlier @ 0..id::INLINE => {
                let earlier = usize::try_from(earlier).map_err(|_| Corrupt)?;
                *self.ids.get(earlier).ok_or(Corrupt)?
            }
            id::INLINE => {
                let id = Id::new(class, self.ids_left.bytes(Id::length_of(class))?);
                if self.ids.len() < EARLIER {
                    self.ids.push(id);
                }
                id
            }
            known => return self.known(known - id::FIRST, entries),
        };
        id.spell(self.out);
        Ok(())
    }

    fn text(&mut self, entries: &[Entry]) -> Result<(), Corrupt> {
        let begin = self.out.len();
        match self.codes.number()? {
            text::INLINE => {
                let length = self.numbers.index()?;
                let text = self.text.bytes(length)?;
                self.out.extend_from_slice(text);
            }
            text::EARLIER => return self.earlier(),
            known => {
                let entry = entry(known - text::FIRST, entries)?;
                let Entry::Template(template) = entry else {
                    return self.known(known - text::FIRST, entries);
                };
                texts::fill(template, &mut self.numbers, self.out)?;
            }
        }
        let end = self.out.len();
        if end - begin >= SHORTEST_EARLIER && self.seeds.len() + self.texts.len() < EARLIER {
            self.texts.push((begin, end));
        }
        Ok(())
    }

    /// What a place's dictionary has as it is.
    fn known(&mut self, number: u64, entries: &[Entry]) -> Result<(), Corrupt> {
        let Entry::Plain(text) = entry(number, entries)? else {
            return Err(Corrupt);
        };
        self.out.extend_from_slice(text);
        Ok(())
    }

    /// A text that is a seed, or was there before.
    fn earlier(&mut self) -> Result<(), Corrupt> {
        let index = self.codes.index()?;
        if let Some(seed) = self.seeds.get(index) {
            self.out.extend_from_slice(seed);
            return Ok(());
        }
        let earlier = self.texts.get(index - self.seeds.len());
        let &(begin, end) = earlier.ok_or(Corrupt)?;
        self.out.extend_from_within(begin..end);
        Ok(())
    }
}

fn entry(number: u64, entries: &[Entry]) -> Result<&Entry, Corrupt> {
    let number = usize::try_from(number).map_err(|_| Corrupt)?;
    entries.get(number).ok_or(Corrupt)
}
