//! Writes Protocol Buffers messages: the wire format of ONNX files and of TensorBoard's events.
//!
//! There is only what these two formats need, and nothing reads messages. Fields are named by their number in the format's `.proto` file, which the caller's
//! comments give; nothing checks that a field exists. Source: the "Encoding" page of the Protocol Buffers documentation.

/// How the bytes behind a field's key are to be read.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Bits64 = 1,
    Bytes = 2,
    Bits32 = 5,
}

/// A message that is being written, field after field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// The bytes of the message.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of the message, without a copy.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// An `int32`, `int64`, `bool` or enum field; negative numbers take ten bytes.
    pub(crate) fn integer(mut self, field: u32, value: i64) -> Self {
        self.key(field, Wire::Varint);
        self.varint(value as u64);
        self
    }

    /// A `float` field.
    pub(crate) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, Wire::Bits32);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A `double` field.
    pub(crate) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, Wire::Bits64);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A `bytes` field.
    pub(crate) fn data(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, Wire::Bytes);
        self.varint(value.len() as u64);
        self.bytes.extend(value);
        self
    }

    /// A `string` field.
    pub(crate) fn text(self, field: u32, value: &str) -> Self {
        self.data(field, value.as_bytes())
    }

    /// A field that is a message itself.
    pub(crate) fn message(self, field: u32, value: &Self) -> Self {
        self.data(field, &value.bytes)
    }

    fn key(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field) << 3 | wire as u64);
    }

    /// Appends an integer with seven bits in a byte, the lowest first. The highest bit of a byte says that more bytes follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_documentation() {
        // "Encoding": Test1 { a: 150 }, Test2 { b: "testing" }, Test3 { c: Test1 { a: 150 } }, -2 in ten bytes.
        let number = Message::default().integer(1, 150);
        assert_eq!(number.bytes(), [0x08, 0x96, 0x01]);
        let text = Message::default().text(2, "testing");
        assert_eq!(text.bytes(), b"\x12\x07testing");
        let nested = Message::default().message(3, &number);
        assert_eq!(nested.bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let negative = Message::default().integer(1, -2);
        assert_eq!(
            negative.bytes(),
            [8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
        );
    }

    #[test]
    fn fixed_sizes_are_little_end_first() {
        let message = Message::default().double(1, 1.0).float(20, 1.0);
        let expected = [
            &[0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f][..],
            &[0xa5, 0x01, 0, 0, 0x80, 0x3f],
        ];
        assert_eq!(message.bytes(), expected.concat());
    }
}
