//! Of messages in packet style.

/// Clears what the protocol gives no meaning: the vendor's library leaks memory there.
pub(crate) fn without_meaningless(payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    match payload[0] {
        0x00 if !matches!(payload[1], 0x10 | 0x70) => {
            if payload[1] == 0x21 || payload[1] == 0x20 {
                payload[18..20].fill(0);
            }
            // Behind the NUL of account and password.
            if payload[1] != 0x21 {
                for field in [24..281, 281..538] {
                    let text = &mut payload[field];
                    let end = text.iter().position(|byte| *byte == 0).unwrap();
                    text[end..].fill(0);
                }
            }
        }
        0x09 => {
            payload[6..8].fill(0);
            if payload[14..16] == [0, 0] {
                payload[22..24].fill(0);
            }
        }
        0x0a => {
            payload[6..8].fill(0);
            payload[12..16].fill(0);
        }
        0x0b => {
            payload[6..8].fill(0);
            payload[16..20].fill(0);
        }
        kind => {
            payload[6..8].fill(0);
            if kind != 0 && payload[1] & 8 != 0 {
                payload[12..16].fill(0);
            }
        }
    }
    payload
}
