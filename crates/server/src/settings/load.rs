//! From layers of text to [`Settings`], each value with where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use fluoro_model::spelling::nearest;

use super::keys::{self, DOWNSTREAM, KEYS};
use super::{Settings, text};
use crate::downstream::DownstreamAddress;

/// Variables with our prefix that are not settings of the server: the command line's and the tests' own.
const OTHER_VARIABLES: [&str; 5] = [
    "FLUORO_CACHE",
    "FLUORO_ENDPOINT",
    "FLUORO_LOG",
    "FLUORO_BINARY",
    "FLUORO_PROFILE",
];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said.
    Default,
    /// This settings file.
    File(PathBuf),
    /// This environment variable.
    Variable(String),
    /// This flag, with its dashes.
    Flag(String),
}

/// Why settings could not be loaded. The text says where, what, and what would do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is there but cannot be read.
    #[error("failed to read settings file {path}", path = .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is not TOML.
    #[error("settings file {path} is not TOML", path = .0.display())]
    NotToml(PathBuf, #[source] Box<toml::de::Error>),
    /// There is no such key.
    #[error("{origin}: there is no setting {name:?}; the nearest is {nearest:?}")]
    UnknownKey {
        /// Who set it.
        origin: Origin,
        /// What was set.
        name: String,
        /// What was probably meant.
        nearest: String,
    },
    /// The value does not fit its key.
    #[error("{origin}: {key} = {value:?}: {expected}")]
    BadValue {
        /// Who set it.
        origin: Origin,
        /// The key.
        key: String,
        /// The value as written.
        value: String,
        /// What would fit.
        expected: String,
    },
    /// A listener would be reachable from elsewhere.
    #[error(
        "{key} = \"{address}\" ({origin}) can be reached from other machines, and nobody there is asked who they are: \
         use a loopback address, or pass --insecure-listen"
    )]
    NotLoopback {
        /// `listen`, `daemon` or `otlp_http`.
        key: &'static str,
        /// Its address.
        address: std::net::SocketAddr,
        /// Who set it.
        origin: Origin,
    },
}

/// Values from one place, as text. Later layers win over earlier ones.
#[derive(Debug, Default)]
pub struct Layer {
    values: Vec<(String, String, Origin)>,
}

/// Settings, and where each value came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub settings: Settings,
    origins: BTreeMap<String, Origin>,
}

/// Puts the layers on top of the defaults, the last one uppermost.
///
/// # Errors
///
/// At the first key that does not exist and the first value that does not fit.
pub fn load(layers: impl IntoIterator<Item = Layer>) -> Result<Loaded, SettingsError> {
    let mut loaded = Loaded {
        settings: Settings::default(),
        origins: BTreeMap::new(),
    };
    for layer in layers {
        for (name, value, origin) in layer.values {
            loaded.set(name, &value, origin)?;
        }
    }
    loaded.check_listeners()?;
    Ok(loaded)
}

// === impl Layer ===

impl Layer {
    /// The settings file at `path`. When it need not be there and is not, the layer is empty.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not TOML.
    pub fn file(path: &Path, required: bool) -> Result<Self, SettingsError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::toml(path, &text),
            Err(error) if !required && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(error) => Err(SettingsError::Unreadable(path.to_owned(), error)),
        }
    }

    /// What the file at `path` holds.
    ///
    /// # Errors
    ///
    /// When `text` is not TOML, or holds values that no key has.
    pub fn toml(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error| SettingsError::NotToml(path.to_owned(), Box::new(error)))?;
        let mut layer = Self::default();
        let origin = Origin::File(path.to_owned());
        for (name, value) in table {
            let toml::Value::Table(section) = value else {
                layer.push_toml(name, &value, &origin)?;
                continue;
            };
            for (key, value) in section {
                layer.push_toml(format!("{name}.{key}"), &value, &origin)?;
            }
        }
        Ok(layer)
    }

    /// The variables that begin with `FLUORO_`.
    #[must_use]
    pub fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = variables.into_iter().filter(|(name, _)| {
            name.starts_with("FLUORO_") && !OTHER_VARIABLES.contains(&name.as_str())
        });
        let values = ours.map(|(name, value)| {
            let known = KEYS.iter().find(|key| key.variable() == name);
            let key = known.map_or_else(|| key_of_variable(&name), |key| key.name.to_owned());
            (key, value, Origin::Variable(name))
        });
        Self {
            values: values.collect(),
        }
    }

    /// Adds a value that a flag gave.
    pub fn flag(&mut self, flag: &str, key: impl Into<String>, value: impl Into<String>) {
        self.values
            .push((key.into(), value.into(), Origin::Flag(flag.to_owned())));
    }

    fn push_toml(
        &mut self,
        name: String,
        value: &toml::Value,
        origin: &Origin,
    ) -> Result<(), SettingsError> {
        let text = toml_text(value).ok_or_else(|| SettingsError::BadValue {
            origin: origin.clone(),
            key: name.clone(),
            value: value.to_string(),
            expected: "expected a text, a number, true or false, or a list of texts".to_owned(),
        })?;
        self.values.push((name, text, origin.clone()));
        Ok(())
    }
}

/// What is probably meant by a variable that no key has: the part before the first `_` is a section's name.
fn key_of_variable(name: &str) -> String {
    let name = name.trim_start_matches("FLUORO_").to_lowercase();
    let sections = KEYS.iter().filter_map(|key| key.name.split_once('.'));
    let section = sections
        .map(|(section, _)| section)
        .chain(DOWNSTREAM.split_once('.').map(|(section, _)| section))
        .find(|section| {
            let rest = name.strip_prefix(section);
            rest.is_some_and(|rest| rest.starts_with('_'))
        });
    match section {
        Some(section) => format!("{section}.{}", &name[section.len() + 1..]),
        None => name,
    }
}

fn toml_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items
                .iter()
                .map(|item| item.as_str().filter(|text| !text.contains(',')))
                .collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

// === impl Loaded ===

impl Loaded {
    fn set(&mut self, name: String, value: &str, origin: Origin) -> Result<(), SettingsError> {
        let outcome = match (name.strip_prefix(DOWNSTREAM), keys::find(&name)) {
            (Some(service), _) => self.set_downstream(service, value),
            (None, Some(key)) => (key.set)(&mut self.settings, value),
            (None, None) => {
                let nearest = nearest(&name, KEYS.iter().map(|key| key.name));
                return Err(SettingsError::UnknownKey {
                    origin,
                    nearest: nearest.unwrap_or_default().to_owned(),
                    name,
                });
            }
        };
        if let Err(expected) = outcome {
            return Err(SettingsError::BadValue {
                origin,
                key: name,
                value: value.to_owned(),
                expected,
            });
        }
        self.origins.insert(name, origin);
        Ok(())
    }

    fn set_downstream(&mut self, service: &str, value: &str) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if service.is_empty() || !service.bytes().all(plain) {
            return Err("expected a service's signing name, such as dynamodb".to_owned());
        }
        let address: DownstreamAddress = value.parse()?;
        self.settings.downstream.insert(service.to_owned(), address);
        Ok(())
    }

    fn check_listeners(&self) -> Result<(), SettingsError> {
        let settings = &self.settings;
        if settings.insecure_listen {
            return Ok(());
        }
        let listeners = [
            ("listen", Some(settings.listen)),
            ("daemon", Some(settings.daemon)),
            ("otlp_http", settings.otlp_http),
        ];
        for (key, address) in listeners {
            let Some(address) = address else {
                continue;
            };
            if !address.ip().is_loopback() {
                return Err(SettingsError::NotLoopback {
                    key,
                    address,
                    origin: self.origin(key),
                });
            }
        }
        Ok(())
    }

    /// Where the value of `key` came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Every key in the table's order, its value as `fluoro.toml` would have it, and where it came from.
    #[must_use]
    pub fn listing(&self) -> Vec<(String, String, Origin)> {
        let mut listing: Vec<_> = KEYS
            .iter()
            .map(|key| {
                let value = (key.show)(&self.settings);
                (key.name.to_owned(), value, self.origin(key.name))
            })
            .collect();
        for (service, address) in &self.settings.downstream {
            let name = format!("{DOWNSTREAM}{service}");
            let origin = self.origin(&name);
            listing.push((name, text::quoted(address), origin));
        }
        listing
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}
