//! How values are written: one text form for file, variable and flag alike.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fluoro_functions::{RuntimeClient, SegmentStyle};
use fluoro_gateway::IntegrationNode;
use fluoro_otlp::Indexed;
use fluoro_wire::{AccountId, Region};
use http::Uri;

use super::{BlocksPlace, Sample};

/// A number of bytes: `65536`, `64KB`, `2GB` (powers of 1024).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// As a length in memory; what no memory can hold is the most that it could.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A value with a text form.
pub(super) trait Text {
    /// Becomes what `text` says; the error says what was expected.
    fn assign(&mut self, text: &str) -> Result<(), String>;

    /// The value as `fluoro.toml` has it.
    fn show(&self) -> String;
}

pub(super) fn quoted(text: impl fmt::Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn shown_list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// `a,b`, or as [`shown_list`] shows it.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim();
    let inside = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inside
        .unwrap_or(text)
        .split(',')
        .map(|item| item.trim().trim_matches('"'))
        .filter(|item| !item.is_empty())
}

impl Text for bool {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        *self = text
            .parse()
            .map_err(|_| "expected true or false".to_owned())?;
        Ok(())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Text for usize {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        match text.parse() {
            Ok(number) if number > 0 => *self = number,
            _ => return Err("expected a number above 0".to_owned()),
        }
        Ok(())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Text for PathBuf {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err("expected a path".to_owned());
        }
        *self = text.into();
        Ok(())
    }

    fn show(&self) -> String {
        quoted(self.display())
    }
}

/// Empty text is none.
impl Text for Option<PathBuf> {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        *self = (!text.is_empty()).then(|| text.into());
        Ok(())
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), Text::show)
    }
}

/// Empty text is none.
impl Text for Option<Uri> {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            *self = None;
            return Ok(());
        }
        let uri: Uri = text.parse().map_err(|error| format!("no URL: {error}"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
            return Err("expected a URL such as http://127.0.0.1:9000/insights".to_owned());
        }
        *self = Some(uri);
        Ok(())
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), quoted)
    }
}

impl Text for Vec<PathBuf> {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        *self = items(text).map(PathBuf::from).collect();
        Ok(())
    }

    fn show(&self) -> String {
        shown_list(self.iter().map(Text::show))
    }
}

/// Names of hosts.
impl Text for Vec<String> {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        let names: Vec<String> = items(text).map(str::to_ascii_lowercase).collect();
        if let Some(wrong) = names.iter().find(|name| !is_host_pattern(name)) {
            return Err(format!(
                "expected host names without port, * only as the first label; found {wrong:?}"
            ));
        }
        *self = names;
        Ok(())
    }

    fn show(&self) -> String {
        shown_list(self.iter().map(quoted))
    }
}

fn is_host_pattern(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.bytes().all(plain) || name.parse::<std::net::IpAddr>().is_ok()
}

impl Text for SocketAddr {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        let text = match text.strip_prefix("localhost:") {
            Some(port) => &format!("127.0.0.1:{port}"),
            None => text,
        };
        *self = text
            .parse()
            .map_err(|_| "expected an address such as 127.0.0.1:4566 or [::1]:0".to_owned())?;
        Ok(())
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

/// Empty text is none.
impl Text for Option<SocketAddr> {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            *self = None;
            return Ok(());
        }
        let mut address = SocketAddr::from(([0, 0, 0, 0], 0));
        address.assign(text)?;
        *self = Some(address);
        Ok(())
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), Text::show)
    }
}

/// Names of attributes; `*` is all of them.
impl Text for Indexed {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        *self = if items(text).any(|name| name == "*") {
            Self::All
        } else {
            Self::Named(items(text).map(str::to_owned).collect())
        };
        Ok(())
    }

    fn show(&self) -> String {
        match self {
            Self::All => shown_list(std::iter::once(quoted("*"))),
            Self::Named(names) => shown_list(names.iter().map(quoted)),
        }
    }
}

/// `250ms`, `90s`, `15m`, `2h`, `30d`; a bare number is seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time such as 250ms, 90s, 15m, 2h or 30d".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let seconds = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected()),
    };
    let seconds = number.checked_mul(seconds).ok_or_else(expected)?;
    Ok(Duration::from_secs(seconds))
}

fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if !millis.is_multiple_of(1_000) {
        return format!("{millis}ms");
    }
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units
        .iter()
        .find(|(size, _)| seconds > 0 && seconds.is_multiple_of(*size));
    whole.map_or_else(
        || format!("{seconds}s"),
        |(size, unit)| format!("{}{unit}", seconds / size),
    )
}

impl Text for Duration {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        *self = parse_duration(text)?;
        Ok(())
    }

    fn show(&self) -> String {
        quoted(show_duration(*self))
    }
}

impl Text for [Duration; 2] {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        let waits: Vec<Duration> = items(text).map(parse_duration).collect::<Result<_, _>>()?;
        *self = waits
            .try_into()
            .map_err(|_| "expected two times, such as 1m,2m".to_owned())?;
        Ok(())
    }

    fn show(&self) -> String {
        shown_list(self.iter().map(Text::show))
    }
}

impl Text for ByteSize {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        let expected = || "expected a size such as 65536, 64KB, 10MB or 2GB".to_owned();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let shift = match unit {
            "" | "B" => 0,
            "KB" => 10,
            "MB" => 20,
            "GB" => 30,
            _ => return Err(expected()),
        };
        let number: u64 = number.parse().map_err(|_| expected())?;
        *self = Self(number.checked_mul(1 << shift).ok_or_else(expected)?);
        Ok(())
    }

    fn show(&self) -> String {
        let units = [(30, "GB"), (20, "MB"), (10, "KB")];
        let whole = units
            .iter()
            .find(|(shift, _)| self.0 > 0 && self.0.trailing_zeros() >= *shift);
        whole.map_or_else(
            || self.0.to_string(),
            |(shift, unit)| quoted(format_args!("{}{unit}", self.0 >> shift)),
        )
    }
}

impl Text for AccountId {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("expected 12 digits".to_owned());
        }
        *self = Self(text.into());
        Ok(())
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl Text for Region {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || !text.bytes().all(plain) {
            return Err("expected a region such as us-east-1".to_owned());
        }
        *self = Self(text.into());
        Ok(())
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

/// Empty text is none.
impl Text for Option<Region> {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            *self = None;
            return Ok(());
        }
        let mut region = Region("".into());
        region.assign(text)?;
        *self = Some(region);
        Ok(())
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), Text::show)
    }
}

/// Empty text is the data directory.
impl Text for BlocksPlace {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            *self = Self::DataDirectory;
            return Ok(());
        }
        #[cfg(feature = "s3")]
        {
            let expected = || "expected s3://BUCKET or s3://BUCKET/PREFIX".to_owned();
            let address = text.strip_prefix("s3://").ok_or_else(expected)?;
            let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
            let prefix = prefix.trim_end_matches('/');
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let is_part =
                |part: &str| !part.trim_matches('.').is_empty() && part.bytes().all(plain);
            if !is_part(bucket) || !(prefix.is_empty() || prefix.split('/').all(is_part)) {
                return Err(expected());
            }
            *self = Self::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            };
            Ok(())
        }
        #[cfg(not(feature = "s3"))]
        Err(
            "this fluoro was built without buckets: build it with cargo build --release -p fluoro --features s3"
                .to_owned(),
        )
    }

    fn show(&self) -> String {
        match self {
            Self::DataDirectory => quoted(""),
            #[cfg(feature = "s3")]
            Self::Bucket { bucket, prefix } => match &**prefix {
                "" => quoted(format_args!("s3://{bucket}")),
                prefix => quoted(format_args!("s3://{bucket}/{prefix}")),
            },
        }
    }
}

/// A value that is one of a few words.
macro_rules! words {
    ($type:ty, $expected:literal, $($word:literal => $value:path),+) => {
        impl Text for $type {
            fn assign(&mut self, text: &str) -> Result<(), String> {
                *self = match text {
                    $($word => $value,)+
                    _ => return Err(concat!("expected ", $expected).to_owned()),
                };
                Ok(())
            }

            fn show(&self) -> String {
                quoted(match self {
                    $($value => $word,)+
                })
            }
        }
    };
}

words!(Sample, "all or rules", "all" => Self::All, "rules" => Self::Rules);
words!(IntegrationNode, "url or host", "url" => Self::Url, "host" => Self::Host);
words!(SegmentStyle, "v1 or v2", "v1" => Self::V1, "v2" => Self::V2);
words!(
    RuntimeClient, "embedded or installed",
    "embedded" => Self::Embedded, "installed" => Self::Installed
);
