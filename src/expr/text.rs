//! JSON text, before jaq reads it.

use super::data::DEPTH_MAX;

/// Digits of one number, at most: reading and writing long ones takes the square of their length.
const DIGITS_MAX: usize = 2_000;

/// Whether a JSON text can be read without harm: jaq's reader goes as deep as the text does, and reads numbers of any length. Says what is wrong.
/// False where there is a comment, a byte string, a `+` or a zero before a number that jaq alone would read.
///
/// Quotes and brackets in comments, which jaq's reader skips, are not counted.
pub fn readable(bytes: &[u8]) -> Result<bool, String> {
    let (mut depth, mut digits, mut strict) = (0_usize, 0_usize, true);
    let (mut in_string, mut escaped, mut in_comment) = (false, false, false);
    let mut zero_first = false;
    for (at, byte) in bytes.iter().enumerate() {
        let before = |distance| at.checked_sub(distance).map_or(0, |at| bytes[at]);
        match byte {
            b'\n' if in_comment => in_comment = false,
            _ if in_comment => {}
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' if in_string => in_string = false,
            b'"' => {
                in_string = true;
                // A byte string; as a key it would come to be the same as the text.
                strict &= before(1) != b'b';
            }
            _ if in_string => {}
            b'#' => (in_comment, strict) = (true, false),
            b'+' => strict &= matches!(before(1), b'e' | b'E'),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => {
                if digits == 0 {
                    let in_exponent = matches!(before(1), b'-' | b'+') && matches!(before(2), b'e' | b'E');
                    zero_first = *byte == b'0' && !in_exponent && !matches!(before(1), b'.' | b'e' | b'E');
                }
                digits += 1;
                strict &= !(zero_first && digits > 1);
                if digits > DIGITS_MAX {
                    return Err(format!("has a number of more than {DIGITS_MAX} digits"));
                }
                continue;
            }
            _ => {}
        }
        digits = 0;
        if depth > DEPTH_MAX {
            return Err(format!("nests deeper than {DEPTH_MAX}"));
        }
    }
    Ok(strict)
}
