//! Mutation: from well-formed inputs to almost well-formed ones.
//!
//! Where an input ends in JSON, half of the mutations change its structure (replace, nest, repeat, graft), so that
//! they get past the JSON reader; the others change bytes. Each input follows from the seed and its number alone.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use crate::targets::Target;

/// Longer inputs teach nothing new. Longer than the largest datagram.
const LONGEST: usize = 70_000;

/// Makes the inputs of one target.
#[derive(Debug)]
pub(crate) struct Mutator {
    seed: u64,
    seeds: Vec<Vec<u8>>,
    dictionary: &'static [&'static str],
}

impl Mutator {
    pub(crate) fn new(target: &Target, seed: u64) -> Self {
        Self {
            seed,
            seeds: target.seeds(),
            dictionary: target.dictionary,
        }
    }

    /// The input of that number.
    pub(crate) fn input(&self, number: u64) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(self.seed.rotate_left(32) ^ number);
        let mut input = self.seeds[rng.random_range(0..self.seeds.len())].clone();
        if rng.random_bool(0.5) {
            self.change_structure(&mut rng, &mut input);
        }
        let rounds = if rng.random_bool(0.4) {
            0
        } else {
            rng.random_range(1..8)
        };
        for _ in 0..rounds {
            self.change_bytes(&mut rng, &mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change_structure(&self, rng: &mut StdRng, input: &mut Vec<u8>) {
        let line = input
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let Ok(mut value) = serde_json::from_slice::<Value>(&input[line..]) else {
            return;
        };
        for _ in 0..rng.random_range(1..5) {
            let donor = self.seeds.choose(rng).and_then(|seed| {
                let line = seed
                    .iter()
                    .position(|&byte| byte == b'\n')
                    .map_or(0, |at| at + 1);
                serde_json::from_slice(&seed[line..]).ok()
            });
            let mut donor: Value = donor.unwrap_or_default();
            let graft = somewhere(rng, &mut donor).take();
            change_value(rng, &mut value, graft);
        }
        input.truncate(line);
        input.extend_from_slice(value.to_string().as_bytes());
    }

    fn change_bytes(&self, rng: &mut StdRng, input: &mut Vec<u8>) {
        let at = rng.random_range(0..=input.len());
        let end = (at + rng.random_range(0..64)).min(input.len());
        match rng.random_range(0..8) {
            0 => drop(input.drain(at..end)),
            1 => input.truncate(at),
            2 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = (rng.next_u32() & 0xff).to_le_bytes()[0];
                }
            }
            3 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8);
                }
            }
            4 => {
                let piece = input[at..end].repeat(rng.random_range(1..200));
                splice(input, at, &piece);
            }
            5 => {
                let word = self.dictionary.choose(rng).copied().unwrap_or_default();
                splice(input, at, word.as_bytes());
            }
            6 => {
                let open = [&b"["[..], b"{\"a\":", b"{\"subsegments\":["];
                let piece = open[rng.random_range(0..3)].repeat(rng.random_range(1..3_000));
                splice(input, at, &piece);
            }
            _ => {
                let other = &self.seeds[rng.random_range(0..self.seeds.len())];
                let from = rng.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
}

fn splice(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let piece = &piece[..piece.len().min(LONGEST)];
    input.splice(at..at, piece.iter().copied());
}

/// A value within a value, the deeper the rarer.
fn somewhere<'v>(rng: &mut StdRng, value: &'v mut Value) -> &'v mut Value {
    let inside = match value {
        Value::Object(members) if !members.is_empty() => members.len(),
        Value::Array(elements) if !elements.is_empty() => elements.len(),
        _ => return value,
    };
    if rng.random_bool(0.25) {
        return value;
    }
    let chosen = rng.random_range(0..inside);
    let next = match value {
        Value::Object(members) => members.values_mut().nth(chosen),
        Value::Array(elements) => elements.get_mut(chosen),
        _ => None,
    };
    somewhere(rng, next.expect("there are that many inside"))
}

fn change_value(rng: &mut StdRng, whole: &mut Value, graft: Value) {
    let place = somewhere(rng, whole);
    match rng.random_range(0..8) {
        0 => *place = graft,
        1 => *place = odd_value(rng),
        2 => match place {
            Value::Object(members) => drop(members.insert(odd_name(rng), graft)),
            Value::Array(elements) => elements.push(graft),
            _ => *place = json!([graft]),
        },
        3 => match place {
            Value::Object(members) => {
                let name = members
                    .keys()
                    .nth(rng.random_range(0..members.len().max(1)))
                    .cloned();
                if let Some(name) = name {
                    members.shift_remove(&name);
                }
            }
            Value::Array(elements) => drop(elements.pop()),
            _ => *place = Value::Null,
        },
        4 => {
            let copies = rng.random_range(1..40);
            *place = Value::Array(vec![place.take(); copies]);
        }
        5 => {
            // Into itself, as subsegments: deep, with ids that repeat.
            for _ in 0..rng.random_range(1..60) {
                let inner = place.clone();
                if let Value::Object(members) = place {
                    members.insert("subsegments".to_owned(), json!([inner]));
                }
                if inner.to_string().len() > LONGEST / 4 {
                    break;
                }
            }
        }
        6 => {
            for _ in 0..rng.random_range(1..200) {
                *place = json!([place.take()]);
            }
        }
        _ => {
            if let Value::Object(members) = place {
                let renamed = std::mem::take(members).into_iter().map(|(name, value)| {
                    let name = if rng.random_bool(0.2) {
                        odd_name(rng)
                    } else {
                        name
                    };
                    (name, value)
                });
                *place = Value::Object(renamed.collect::<Map<_, _>>());
            }
        }
    }
}

fn odd_name(rng: &mut StdRng) -> String {
    let names = [
        "id",
        "name",
        "type",
        "trace_id",
        "parent_id",
        "start_time",
        "end_time",
        "in_progress",
        "aws",
        "http",
        "cause",
        "annotations",
        "metadata",
        "subsegments",
        "namespace",
        "sql",
        "links",
        "fault",
        "inferred",
        "",
        "résumé",
        "a b",
        "resource_names",
        "exceptions",
        "stack",
        "request",
        "response",
        "status",
        "origin",
    ];
    names[rng.random_range(0..names.len())].to_owned()
}

fn odd_value(rng: &mut StdRng) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(0.1),
        json!(1e308),
        json!(-5e-324),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(429),
        json!(1_728_053_249.123_456_7),
        json!(""),
        json!("subsegment"),
        json!("aws"),
        json!("remote"),
        json!("0000000000000000"),
        json!("00f067aa0ba902b7"),
        json!("1-00000000-000000000000000000000000"),
        json!("what?"),
        json!("\u{0}\u{7f}\u{ffff}💥"),
        json!("n".repeat(300)),
        json!([]),
        json!({}),
        json!([null]),
        json!([[]]),
        json!({"": null}),
    ];
    values[rng.random_range(0..values.len())].clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::TARGETS;

    #[test]
    fn an_input_follows_from_the_seed_and_its_number() {
        for target in TARGETS {
            let [one, same, other] = [1, 1, 2].map(|seed| Mutator::new(&target, seed));
            assert!((0..50).all(|number| one.input(number) == same.input(number)));
            assert!((0..50).any(|number| one.input(number) != other.input(number)));
        }
    }
}
