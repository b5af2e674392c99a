//! JSON objects of free form, kept small: most have a handful of members.

use std::collections::HashMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Of so many members each is held against each; of more their names are hashed.
const FEW: usize = 16;

/// The members of a JSON object, in the order sent. A repeated name keeps its first place and its last value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(Vec<(Box<str>, Value)>);

// === impl Object ===

impl Object {
    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut members = self.iter();
        members.find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Sets a member.
    pub fn insert(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(own, _)| **own == *name) {
            Some((_, own)) => *own = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// Its members, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                let mut places: HashMap<Box<str>, usize> = HashMap::new();
                while let Some((name, value)) = map.next_entry::<Box<str>, Value>()? {
                    let members = &mut object.0;
                    let known = if members.len() <= FEW {
                        members.iter().position(|(own, _)| *own == name)
                    } else {
                        if places.is_empty() {
                            let names = members.iter().map(|(name, _)| name.clone());
                            places.extend(names.zip(0..));
                        }
                        places.get(&name).copied()
                    };
                    match known {
                        Some(at) => members[at].1 = value,
                        None => {
                            if members.len() > FEW {
                                places.insert(name.clone(), members.len());
                            }
                            members.push((name, value));
                        }
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_member_keeps_its_first_place_and_its_last_value_however_many_there_are() {
        for count in [1, FEW - 1, FEW, FEW + 1, FEW + 2, 3 * FEW] {
            let members: Vec<String> = (0..count)
                .chain(0..count)
                .chain([count - 1])
                .enumerate()
                .map(|(at, name)| format!(r#""{name}":{at}"#))
                .collect();
            let object: Object =
                serde_json::from_str(&format!("{{{}}}", members.join(","))).unwrap();
            let expected = (0..count).map(|name| match name {
                last if last == count - 1 => (last.to_string(), Value::from(2 * count)),
                name => (name.to_string(), Value::from(count + name)),
            });
            let found = object.iter();
            let found = found.map(|(name, value)| (name.to_owned(), value.clone()));
            assert_eq!(
                found.collect::<Vec<_>>(),
                expected.collect::<Vec<_>>(),
                "{count}"
            );
            assert_eq!(
                object.get("0"),
                object.iter().next().map(|(_, value)| value)
            );
            assert_eq!(object.get("none"), None);
        }
    }

    #[test]
    fn what_is_no_object_is_none() {
        for json in ["[]", "1", "\"{}\"", "null", "true"] {
            assert!(serde_json::from_str::<Object>(json).is_err(), "{json}");
        }
    }
}
