//! How values are spelled, and what they are without their spelling.

use std::io::Write;

use crate::Corrupt;

/// How a value is spelled; what it is goes to the streams.
pub(crate) mod class {
    /// A text, or a number that nothing below fits.
    pub(crate) const TEXT: u8 = 0;
    /// A whole number.
    pub(crate) const INTEGER: u8 = 1;
    /// Sixteen hexadecimal digits: a segment's id.
    pub(crate) const HEX16: u8 = 2;
    /// Thirty-two: a trace id of W3C.
    pub(crate) const HEX32: u8 = 3;
    pub(crate) const UUID: u8 = 4;
    /// `1-`, eight hexadecimal digits, `-`, twenty-four.
    pub(crate) const TRACE: u8 = 5;
    /// Fifty-two letters and digits: request ids of DynamoDB.
    pub(crate) const BASE32: u8 = 6;
    pub(crate) const BASE32_HEX: u8 = 7;
    /// Seconds since the epoch with up to seven decimals, no more of them than it takes.
    pub(crate) const TIME: u8 = 8;
    /// As Java writes it: `1.7324500001234567E9`.
    pub(crate) const TIME_SCIENTIFIC: u8 = 9;
    /// With so many decimals, this one having one.
    pub(crate) const TIME_FIXED: u8 = 10;
    /// Another number with so many decimals, this one having one.
    pub(crate) const DECIMAL: u8 = 17;
    /// One past the last.
    pub(crate) const END: u8 = 24;
}

/// Times are counted in these: 100 ns.
pub(crate) type Ticks = i64;
/// How many decimals a tick is.
pub(crate) const TICK_DECIMALS: u8 = 7;
const TICKS_A_SECOND: i64 = 10_000_000;
pub(crate) const TICKS_A_MICRO: i64 = 10;
/// Times have ten digits before the point.
const TIMES: std::ops::Range<Ticks> =
    1_000_000_000 * TICKS_A_SECOND..10_000_000_000 * TICKS_A_SECOND;

/// An id without its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) class: u8,
    /// Its bytes, then zeros.
    bytes: [u8; LONGEST_ID],
}

const LONGEST_ID: usize = 33;
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];

// === impl Id ===

impl Id {
    pub(crate) fn new(class: u8, bytes: &[u8]) -> Self {
        let mut id = Self {
            class,
            bytes: [0; LONGEST_ID],
        };
        id.bytes[..bytes.len()].copy_from_slice(bytes);
        id
    }

    /// What this text is, if it is one of the ids that we know.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let class = match text.len() {
            16 => class::HEX16,
            32 => class::HEX32,
            35 => class::TRACE,
            36 => class::UUID,
            52 => return Self::parse_base32(text),
            _ => return None,
        };
        let mut id = Self {
            class,
            bytes: [0; LONGEST_ID],
        };
        let bytes = &mut id.bytes;
        let parsed = match class {
            class::TRACE => {
                text.starts_with(b"1-")
                    && text[10] == b'-'
                    && unhex(&text[2..10], &mut bytes[..4])
                    && unhex(&text[11..], &mut bytes[4..16])
            }
            class::UUID => {
                UUID_DASHES.iter().all(|&at| text[at] == b'-')
                    && unhex(&text[..8], &mut bytes[..4])
                    && unhex(&text[9..13], &mut bytes[4..6])
                    && unhex(&text[14..18], &mut bytes[6..8])
                    && unhex(&text[19..23], &mut bytes[8..10])
                    && unhex(&text[24..], &mut bytes[10..16])
            }
            _ => unhex(text, &mut bytes[..text.len() / 2]),
        };
        parsed.then_some(id)
    }

    fn parse_base32(text: &[u8]) -> Option<Self> {
        let spellings = [(class::BASE32, &BASE32), (class::BASE32_HEX, &BASE32_HEX)];
        spellings.into_iter().find_map(|(class, alphabet)| {
            let mut id = Self {
                class,
                bytes: [0; LONGEST_ID],
            };
            for (eight, five) in text.chunks(8).zip(id.bytes.chunks_mut(5)) {
                let mut bits = 0_u64;
                for &digit in eight {
                    let value = alphabet.values[usize::from(digit)];
                    if value == NO_DIGIT {
                        return None;
                    }
                    bits = bits << 5 | u64::from(value);
                }
                // The last group has four digits.
                bits <<= 5 * (8 - eight.len());
                five.copy_from_slice(&bits.to_be_bytes()[3..3 + five.len()]);
            }
            Some(id)
        })
    }

    /// Of how many bytes ids of this class are.
    pub(crate) fn length_of(class: u8) -> usize {
        match class {
            class::HEX16 => 8,
            class::BASE32 | class::BASE32_HEX => LONGEST_ID,
            _ => 16,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..Self::length_of(self.class)]
    }

    /// As it is written.
    pub(crate) fn spell(&self, out: &mut Vec<u8>) {
        match self.class {
            class::BASE32 => self.spell_base32(&BASE32, out),
            class::BASE32_HEX => self.spell_base32(&BASE32_HEX, out),
            class::TRACE => {
                out.extend_from_slice(b"1-");
                hex(&self.bytes[..4], out);
                out.push(b'-');
                hex(&self.bytes[4..16], out);
            }
            class::UUID => {
                let begin = out.len();
                for part in [0..4, 4..6, 6..8, 8..10, 10..16] {
                    if out.len() > begin {
                        out.push(b'-');
                    }
                    hex(&self.bytes[part], out);
                }
            }
            _ => hex(self.bytes(), out),
        }
    }

    fn spell_base32(&self, alphabet: &Alphabet, out: &mut Vec<u8>) {
        let end = out.len() + 52;
        for five in self.bytes().chunks(5) {
            let mut eight = [0; 8];
            eight[3..3 + five.len()].copy_from_slice(five);
            let bits = u64::from_be_bytes(eight);
            out.extend((0..8).rev().map(|place| {
                let digit = bits >> (5 * place) & 31;
                alphabet.digits[usize::try_from(digit).expect("five bits")]
            }));
        }
        out.truncate(end);
    }
}

struct Alphabet {
    digits: &'static [u8; 32],
    values: [u8; 256],
}

const NO_DIGIT: u8 = 0xff;
static BASE32: Alphabet = Alphabet::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
static BASE32_HEX: Alphabet = Alphabet::new(b"0123456789ABCDEFGHIJKLMNOPQRSTUV");
static HEX: [u8; 256] = values_of(b"0123456789abcdef");

impl Alphabet {
    const fn new(digits: &'static [u8; 32]) -> Self {
        Self {
            digits,
            values: values_of(digits),
        }
    }
}

const fn values_of(digits: &[u8]) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0_u8;
    while (value as usize) < digits.len() {
        values[digits[value as usize] as usize] = value;
        value += 1;
    }
    values
}

fn unhex(text: &[u8], out: &mut [u8]) -> bool {
    let mut wrong = 0;
    for (pair, byte) in text.chunks_exact(2).zip(out) {
        let (high, low) = (HEX[usize::from(pair[0])], HEX[usize::from(pair[1])]);
        wrong |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    wrong < 16
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|byte| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 0xf)],
        ]
    }));
}

/// A number without its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Integer(i64),
    /// In units of its last decimal.
    Decimal {
        units: i64,
        decimals: u8,
    },
    /// A time with these decimals.
    Time {
        ticks: Ticks,
        decimals: u8,
        ends_in_zero: bool,
    },
    TimeScientific(Ticks),
}

// === impl Number ===

impl Number {
    /// What this is, if spelling it again gives the same text.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, more) = digits_of(digits);
        let is_canonical = whole == b"0" || matches!(whole, [b'1'..=b'9', ..]);
        if !is_canonical || whole.len() > 18 {
            return None;
        }
        let sign = if negative { -1 } else { 1 };
        if more.is_empty() {
            let value = value_of(whole);
            return (value != 0 || !negative).then_some(Self::Integer(sign * value));
        }
        let (part, more) = digits_of(more.strip_prefix(b".")?);
        if part.is_empty() {
            return None;
        }
        let ends_in_zero = part.ends_with(b"0");
        if more == b"E9" {
            let fits = whole.len() == 1 && whole != b"0" && part.len() <= 16 && !negative;
            let fits = fits && (part == b"0" || !ends_in_zero);
            let scale = 10_i64.pow(16 - u32::try_from(part.len().min(16)).expect("at most 16"));
            return fits.then(|| {
                let ticks = value_of(whole) * 10_i64.pow(16) + value_of(part) * scale;
                Self::TimeScientific(ticks)
            });
        }
        let decimals = u8::try_from(part.len()).ok()?;
        if !more.is_empty() || decimals > TICK_DECIMALS || whole.len() > 11 {
            return None;
        }
        let units = value_of(whole) * 10_i64.pow(decimals.into()) + value_of(part);
        if whole.len() == 10 && !negative {
            let ticks = units * ticks_a_unit(decimals);
            return Some(Self::Time {
                ticks,
                decimals,
                ends_in_zero,
            });
        }
        (units != 0 || !negative).then_some(Self::Decimal {
            units: sign * units,
            decimals,
        })
    }
}

/// How many ticks the last of so many decimals is.
pub(crate) fn ticks_a_unit(decimals: u8) -> i64 {
    10_i64.pow((TICK_DECIMALS - decimals).into())
}

pub(crate) fn spell_integer(value: i64, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("memory takes it");
}

/// `decimals` is at least one.
pub(crate) fn spell_decimal(units: i64, decimals: u8, out: &mut Vec<u8>) {
    let scale = 10_u64.pow(decimals.into());
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let width = usize::from(decimals);
    write!(out, "{sign}{whole}.{part:0width$}").expect("memory takes it");
}

/// With no more decimals than it takes.
pub(crate) fn spell_time(ticks: Ticks, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    check_time(ticks)?;
    spell_decimal(ticks, TICK_DECIMALS, out);
    strip_zeros(out);
    Ok(())
}

pub(crate) fn spell_time_fixed(
    ticks: Ticks,
    decimals: u8,
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    check_time(ticks)?;
    spell_decimal(ticks / ticks_a_unit(decimals), decimals, out);
    Ok(())
}

pub(crate) fn spell_time_scientific(ticks: Ticks, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    check_time(ticks)?;
    spell_decimal(ticks, 16, out);
    strip_zeros(out);
    out.extend_from_slice(b"E9");
    Ok(())
}

fn check_time(ticks: Ticks) -> Result<(), Corrupt> {
    TIMES.contains(&ticks).then_some(()).ok_or(Corrupt)
}

/// All zeros at the end but one after the point.
fn strip_zeros(out: &mut Vec<u8>) {
    while let [.., before, b'0'] = out[..]
        && before != b'.'
    {
        out.pop();
    }
}

/// The digits in front, and the rest.
fn digits_of(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
}

/// Of at most 18 digits.
pub(crate) fn value_of(digits: &[u8]) -> i64 {
    digits
        .iter()
        .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}
