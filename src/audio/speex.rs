//! The headers of Speex, which its streams in Ogg begin with, and which cameras leave out.

/// Stream header and comments: what `speexdec` wants in the field `streamheader`.
///
/// Source: the manual of the Speex codec, "Ogg file format".
pub(super) fn headers(rate: u32, channels: i32) -> [Vec<u8>; 2] {
    const VERSION: [u8; 20] = *b"1.2.0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let mode: i32 = match rate {
        ..=12_500 => 0,
        12_501..=25_000 => 1,
        _ => 2,
    };
    let rate = i32::try_from(rate).unwrap_or_default();
    // Version 1, bytes, rate, mode, version of its bit stream, channels, no bit rate, samples of a frame, constant bit rate, one
    // frame in a packet, no other headers.
    let numbers = [1, 80, rate, mode, 4, channels, -1, 160 << mode, 0, 1, 0, 0, 0];
    let header = [&b"Speex   "[..], &VERSION].concat();
    let header = header.into_iter().chain(numbers.into_iter().flat_map(i32::to_le_bytes)).collect();
    // No vendor, no comments.
    [header, vec![0; 8]]
}
