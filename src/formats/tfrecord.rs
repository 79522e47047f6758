//! The records of a TFRecord file, the container of TensorBoard's events.
//!
//! A record is the length of its message (u64), the checksum of that length, the message, and the checksum of the message; all
//! numbers are little-endian. A checksum is the CRC-32C, rotated by 15 bits, plus a constant. Source: `record_writer.cc` of
//! TensorFlow.

use crc::{CRC_32_ISCSI, Crc, Table};

static CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// The record that holds `message`.
pub(crate) fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(message.len() + 16);
    record.extend(length);
    record.extend(checksum(&length).to_le_bytes());
    record.extend(message);
    record.extend(checksum(message).to_le_bytes());
    record
}

/// The masked CRC-32C. The mask is there because a plain CRC is weak over data that contains CRCs itself.
fn checksum(bytes: &[u8]) -> u32 {
    const MASK: u32 = 0xa282_ead8;
    CRC.checksum(bytes).rotate_right(15).wrapping_add(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4: thirty-two bytes of zeros.
        assert_eq!(CRC.checksum(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn a_length_has_tensorflows_checksum() {
        // The first message of TensorFlow's own event files has 24 bytes: they all begin with these twelve.
        let record = record(&[0; 24]);
        assert_eq!(record[..8], 24_u64.to_le_bytes());
        assert_eq!(record[8..12], [0xa3, 0x7f, 0x4b, 0x22]);
    }
}
