//! Server-sent events, as far as an API uses them: the data of each event. The rest (names, ids, comments that keep a connection alive) is passed
//! over, as the standard has it.

/// Of one event, and of one line: a chunk of an answer has some hundred bytes.
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// An event is larger than [`EVENT_BYTES_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Takes bytes as they come, cut anywhere, and gives whole events.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed behind it belongs to it.
    after_return: bool,
    data: Option<String>,
    begun: bool,
}

impl Decoder {
    /// The data of each event that ends within `bytes`, in their order.
    ///
    /// # Errors
    /// An event is too large. What was decoded before it is lost.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLarge> {
        let mut events = Vec::new();
        for &byte in bytes {
            let second_half = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                _ if second_half => {}
                b'\n' | b'\r' => events.extend(self.end_line()?),
                _ if self.line.len() >= EVENT_BYTES_MAX => return Err(TooLarge),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    /// The last event, when the stream ends without the empty line behind it. A line that is not whole counts only when it is all that was awaited.
    pub fn finish(mut self, last: &str) -> Option<String> {
        let rest = String::from_utf8_lossy(&self.line).into_owned();
        if rest.strip_prefix("data:").is_some_and(|data| data.trim() == last) {
            return Some(last.to_owned());
        }
        self.data.take()
    }

    /// An empty line ends an event.
    fn end_line(&mut self) -> Result<Option<String>, TooLarge> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = if self.begun { &*line } else { line.trim_start_matches('\u{feff}') };
        self.begun = true;
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            if self.data.as_ref().map_or(0, String::len) + value.len() > EVENT_BYTES_MAX {
                return Err(TooLarge);
            }
            match &mut self.data {
                Some(data) => data.extend(["\n", value]),
                None => self.data = Some(value.to_owned()),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        "\u{feff}: hello\ndata: {\"a\": \"ä\"}\n\nevent: x\rid: 1\rdata:one\rdata: two\r\rretry: 3\r\n\r\ndata\r\n\r\ndata: [DONE]\n\n"
            .as_bytes();

    #[test]
    fn bytes_may_be_cut_anywhere() {
        let expected = ["{\"a\": \"ä\"}", "one\ntwo", "", "[DONE]"];
        for size in 1..STREAM.len() {
            let mut decoder = Decoder::default();
            let events: Vec<_> = STREAM.chunks(size).flat_map(|bytes| decoder.push(bytes).unwrap()).collect();
            assert_eq!(events, expected, "chunks of {size}");
            assert_eq!(decoder.finish("[DONE]"), None);
        }
    }

    #[test]
    fn the_end_may_lack_its_empty_line() {
        let rest = |text: &str| {
            let mut decoder = Decoder::default();
            assert_eq!(decoder.push(text.as_bytes()), Ok(Vec::new()));
            decoder.finish("[DONE]")
        };
        assert_eq!(rest("data: [DONE]").as_deref(), Some("[DONE]"));
        assert_eq!(rest("data: [DONE]\n").as_deref(), Some("[DONE]"));
        assert_eq!(rest("data: {\"a\": 1}\r\n").as_deref(), Some("{\"a\": 1}"));
        assert_eq!(rest("data: {\"a\": "), None, "half a line is none");
        assert_eq!(rest(": nothing\n"), None);
    }

    #[test]
    fn no_event_grows_without_end() {
        let mut decoder = Decoder::default();
        let line = vec![b'x'; EVENT_BYTES_MAX + 1];
        assert_eq!(decoder.push(&line), Err(TooLarge));
        let mut decoder = Decoder::default();
        let half = format!("data: {}\n", "x".repeat(EVENT_BYTES_MAX / 2 + 1));
        assert_eq!(decoder.push(half.as_bytes()), Ok(Vec::new()));
        assert_eq!(decoder.push(half.as_bytes()), Err(TooLarge));
    }
}
