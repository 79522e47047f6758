//! What a `.gz` file unpacks to: its members, one behind the other.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use flate2::bufread::GzDecoder;

/// The first two bytes of every member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads the members of a `.gz` file as one stream. Zeros behind a member are skipped, as gzip does: tapes are filled up with them.
/// Anything else there is an error.
pub(super) struct Members<R> {
    /// The member that is being read; none behind the last one.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    /// The members of a stream that begins with the first one.
    pub(super) fn new(stream: R) -> Self {
        Self {
            member: Some(GzDecoder::new(stream)),
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(into).map_err(told)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            if let Some(mut rest) = self.member.take().map(GzDecoder::into_inner)
                && another_follows(&mut rest)?
            {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// The error of a damaged member, in our words; one of the system as it is.
fn told(error: Error) -> Error {
    let words = match error.kind() {
        _ if error.raw_os_error().is_some() => return error,
        ErrorKind::UnexpectedEof => {
            "expected a whole gzip file, found its beginning alone".to_owned()
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            format!("expected sound gzip data, found damage: {error}")
        }
        _ => return error,
    };
    Error::new(error.kind(), words)
}

/// Skips zeros up to the next member, and says whether there is one.
fn another_follows(rest: &mut impl BufRead) -> Result<bool> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let next = bytes.get(zeros).copied();
        rest.consume(zeros);
        match next {
            Some(byte) if byte == MAGIC[0] => return Ok(true),
            Some(byte) => {
                return Err(Error::new(
                    ErrorKind::InvalidData,
                    format!(
                        "expected nothing but zeros behind the packed data, found a byte {byte:#04x}"
                    ),
                ));
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
        // A small buffer, so that every border falls within a member, its padding and between them.
        let mut found = Vec::new();
        Members::new(BufReader::with_capacity(3, bytes)).read_to_end(&mut found)?;
        Ok(found)
    }

    #[test]
    fn members_and_padding_are_one_stream() {
        let (one, other, none) = (packed(b"one"), packed(b" other"), packed(b""));
        for zeros in [0, 1, 2, 3, 512] {
            let zeros = vec![0; zeros];
            let all = [&one[..], &zeros, &none, &other, &zeros].concat();
            assert_eq!(unpacked(&all).unwrap(), b"one other");
        }
    }

    #[test]
    fn anything_else_behind_a_member_is_refused() {
        let whole = packed(b"one");
        for rest in [&b"junk"[..], b"\0\0junk", b"\x1fjunk", &whole[..9]] {
            assert!(unpacked(&[&whole[..], rest].concat()).is_err(), "{rest:?}");
        }
    }
}
