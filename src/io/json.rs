//! The JSON that headers are made of: a cursor over text, no tree, no heap.
//!
//! [`Json`] reads a value where it stands and moves behind it; whoever calls it knows what must come next. Text is checked once and then
//! stays where it lies, as a [`Text`] that decodes its escapes when it is looked at.

use core::cmp::Ordering;
use core::fmt;

use super::bad;
use crate::error::Result;

/// A place in JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'a> {
    source: &'a str,
    at: usize,
    base: usize,
}

impl<'a> Json<'a> {
    /// The beginning of `source`, which lies at byte `base` of its file.
    pub fn new(source: &'a str, base: usize) -> Self {
        Self {
            source,
            at: 0,
            base,
        }
    }

    /// The byte of the file where the cursor stands.
    pub fn offset(&self) -> usize {
        self.base + self.at
    }

    fn fail<T>(&self, what: &'static str) -> Result<T> {
        bad(what, self.offset())
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Whether the next byte that is not space is `byte`; if so, moves behind it.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<()> {
        if self.take(byte) {
            Ok(())
        } else {
            self.fail(what)
        }
    }

    /// Reads an object: `member` is called behind each name's colon and reads the value.
    ///
    /// # Errors
    /// [`crate::Error::File`] if this is not an object, or what `member` returns.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'{', "JSON: an object must begin here")?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let name = self.text()?;
            self.expect(b':', "JSON: a colon must follow the name")?;
            member(self, name)?;
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',', "JSON: a comma or the object's end must follow")?;
        }
    }

    /// Reads an array: `item` is called where each value begins and reads it.
    ///
    /// # Errors
    /// [`crate::Error::File`] if this is not an array, or what `item` returns.
    pub fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.expect(b'[', "JSON: an array must begin here")?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',', "JSON: a comma or the array's end must follow")?;
        }
    }

    /// Reads a non-negative integer.
    ///
    /// # Errors
    /// [`crate::Error::File`] if this is none, or one that does not fit a `usize`.
    pub fn integer(&mut self) -> Result<usize> {
        self.skip_space();
        let digits = self.run(|b| b.is_ascii_digit());
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        match digits.parse() {
            Ok(n) if !leading_zero && !matches!(self.peek(), Some(b'.' | b'e' | b'E')) => Ok(n),
            _ => self.fail("JSON: a non-negative integer of this machine's size must stand here"),
        }
    }

    /// Reads a number.
    ///
    /// # Errors
    /// [`crate::Error::File`] if this is none.
    #[cfg(feature = "alloc")]
    pub fn number(&mut self) -> Result<f64> {
        self.skip_space();
        let digits = self.run(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        match digits.parse() {
            Ok(x) => Ok(x),
            Err(_) => self.fail("JSON: a number must stand here"),
        }
    }

    /// The longest run of bytes for which `holds`; moves behind it.
    fn run(&mut self, holds: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&holds) {
            self.at += 1;
        }
        &self.source[start..self.at]
    }

    /// Reads a string.
    ///
    /// # Errors
    /// [`crate::Error::File`] if this is none, or one with a control character or a wrong escape in it.
    pub fn text(&mut self) -> Result<Text<'a>> {
        self.expect(b'"', "JSON: a string must begin here")?;
        let start = self.at;
        loop {
            match self.peek() {
                None => return self.fail("JSON: the string does not end"),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return self.fail("JSON: a control character in a string"),
                Some(_) => self.at += 1,
            }
        }
        let raw = &self.source[start..self.at];
        self.at += 1;
        Ok(Text { raw })
    }

    fn escape(&mut self) -> Result<()> {
        match decode(&self.source[self.at..]) {
            Some((_, length)) => self.at += length,
            None => return self.fail("JSON: a wrong escape in a string"),
        }
        Ok(())
    }

    /// Makes sure that nothing but space follows.
    ///
    /// # Errors
    /// [`crate::Error::File`] if something does.
    pub fn end(&mut self) -> Result<()> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fail("JSON: something follows the value"),
        }
    }
}

/// A string of a JSON text, checked, still with its escapes. Compares by its characters.
#[derive(Clone, Copy, Default)]
pub struct Text<'a> {
    raw: &'a str,
}

impl<'a> Text<'a> {
    /// Its characters, escapes decoded.
    pub fn chars(self) -> impl Iterator<Item = char> + use<'a> {
        let mut rest = self.raw;
        core::iter::from_fn(move || {
            let (c, length) = decode(rest)?;
            rest = &rest[length..];
            Some(c)
        })
    }

    /// The text as it lies in the file, if no escape is in it.
    pub fn plain(self) -> Option<&'a str> {
        (!self.raw.contains('\\')).then_some(self.raw)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.chars().cmp(other.chars())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|c| fmt::Write::write_char(f, c))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.raw)
    }
}

/// The first character of a string's inside and the bytes that it takes; `None` at the end and at a wrong escape.
fn decode(inside: &str) -> Option<(char, usize)> {
    let first = inside.chars().next()?;
    if first != '\\' {
        return Some((first, first.len_utf8()));
    }
    let c = match inside.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return decode_unicode(inside),
        _ => return None,
    };
    Some((c, 2))
}

/// `\uXXXX`, or the two of them that stand for one character beyond the first 65,536.
fn decode_unicode(inside: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = inside.get(at..at + 6)?.strip_prefix("\\u")?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| hex)
    };
    let high = unit(0)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 6));
    }
    let low = unit(6).filter(|low| (0xdc00..0xe000).contains(low) && high < 0xdc00)?;
    let c = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
    Some((c, 12))
}
