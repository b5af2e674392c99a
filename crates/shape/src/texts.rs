//! Texts with numbers in them: `u-004711` is the template `u-#` and a number.

use crate::Corrupt;
use crate::numbers::{Cursor, put};
use crate::spelling::value_of;

/// Stands for a number in a template, and is followed by its width: zero when it is as wide as it needs to be.
const NUMBER: u8 = 1;
/// Longer runs of digits are several numbers.
const WIDEST: usize = 18;
/// Numbers from this width on, and those with zeros in front, have a fixed width.
const WIDE: usize = 4;
const MOST_NUMBERS: usize = 16;

/// Makes a template of a text, and lists the numbers in it; false when it has none, or could not be told from one.
pub(crate) fn template(text: &[u8], template: &mut Vec<u8>, numbers: &mut Vec<u64>) -> bool {
    template.clear();
    numbers.clear();
    let mut rest = text;
    while let Some(digit) = rest.iter().position(|byte| byte.is_ascii_digit()) {
        if numbers.len() == MOST_NUMBERS {
            return false;
        }
        let (literal, after) = rest.split_at(digit);
        let width = after
            .iter()
            .take(WIDEST)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, after) = after.split_at(width);
        let is_fixed = width >= WIDE || (width > 1 && digits[0] == b'0');
        template.extend_from_slice(literal);
        template.push(NUMBER);
        let told = if is_fixed { width } else { 0 };
        template.push(u8::try_from(told).expect("at most WIDEST"));
        numbers.push(value_of(digits).unsigned_abs());
        rest = after;
    }
    template.extend_from_slice(rest);
    !numbers.is_empty() && !text.contains(&NUMBER)
}

/// Writes the numbers of a template, those of a fixed width with as many bytes as that takes.
pub(crate) fn put_numbers(template: &[u8], numbers: &[u64], out: &mut Vec<u8>) {
    for (width, &number) in widths(template).zip(numbers) {
        match bytes_of(width) {
            0 => put(out, number),
            bytes => out.extend_from_slice(&number.to_le_bytes()[..bytes]),
        }
    }
}

fn widths(template: &[u8]) -> impl Iterator<Item = u8> {
    memchr::memchr_iter(NUMBER, template).filter_map(|at| template.get(at + 1).copied())
}

/// How many bytes so many digits take.
fn bytes_of(width: u8) -> usize {
    // A digit takes 3.33 bits.
    (usize::from(width) * 333).div_ceil(800)
}

/// Puts the next numbers into a template.
pub(crate) fn fill(
    template: &[u8],
    numbers: &mut Cursor<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    use std::io::Write;
    let mut rest = template;
    while let Some(at) = memchr::memchr(NUMBER, rest) {
        out.extend_from_slice(&rest[..at]);
        let width = *rest.get(at + 1).ok_or(Corrupt)?;
        let number = match bytes_of(width) {
            0 => numbers.number()?,
            bytes => {
                let mut number = [0; 8];
                let taken = numbers.bytes(bytes)?;
                number
                    .get_mut(..bytes)
                    .ok_or(Corrupt)?
                    .copy_from_slice(taken);
                u64::from_le_bytes(number)
            }
        };
        let width = usize::from(width);
        write!(out, "{number:0width$}").expect("memory takes it");
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    Ok(())
}
