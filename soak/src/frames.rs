//! Frames that show whether they arrived as they were sent.

use std::io::{ErrorKind, Read};

use crate::Failure;
use crate::fleet::{self, Kind};
use tutk::Codec;

/// A start code and the header of a picture, the camera, whether it is a key frame, the number and the length.
const HEADER: usize = 7 + 1 + 1 + 8 + 4;

/// What a picture of this codec begins with: an IDR picture or another one, an intra or a predicted VOP.
fn picture(codec: Codec, key: bool) -> [u8; 3] {
    match (codec, key) {
        (Codec::H265, true) => [0x26, 0x01, 0x80],
        (Codec::H265, false) => [0x02, 0x01, 0x80],
        (Codec::Mpeg4, true) => [0xB6, 0x10, 0x80],
        (Codec::Mpeg4, false) => [0xB6, 0x50, 0x80],
        (_, true) => [0x65, 0x88, 0x80],
        (_, false) => [0x41, 0x9A, 0x80],
    }
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) camera: u8,
    pub(crate) key: bool,
    codec: Codec,
    /// Rises by one with each frame, and further with each start of the camera.
    pub(crate) number: u64,
    len: u32,
}

impl Label {
    pub(crate) fn new(camera: usize, kind: &Kind, number: u64, key: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(number);
        let len = if key { kind.key_len } else { kind.delta_len / 2 + rng.usize(..kind.delta_len) };
        Self { camera: camera as u8, key, codec: kind.codec, number, len: len as u32 }
    }

    /// The whole frame: behind the header comes noise that follows from it, without a zero, so that it holds no start code.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut frame = vec![0, 0, 0, 1];
        frame.extend(picture(self.codec, self.key));
        frame.extend([self.camera, self.key.into()]);
        frame.extend(self.number.to_le_bytes());
        frame.extend(self.len.to_le_bytes());
        frame.resize(HEADER + self.len as usize, 0);
        fastrand::Rng::with_seed(self.number << 8 | u64::from(self.camera)).fill(&mut frame[HEADER..]);
        frame[HEADER..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 1);
        frame
    }

    fn parse(camera_number: usize, header: &[u8; HEADER]) -> Self {
        let [_, _, _, _, _, _, _, camera, key, n0, n1, n2, n3, n4, n5, n6, n7, l0, l1, l2, l3] = *header;
        Self {
            camera,
            key: key == 1,
            codec: fleet::camera(camera_number).codec,
            number: u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
            len: u32::from_le_bytes([l0, l1, l2, l3]),
        }
    }
}

/// The label of this frame, if every byte of it is as it was sent.
pub(crate) fn check(camera: usize, frame: &[u8]) -> Result<Label, Failure> {
    let label = Label::parse(camera, frame.first_chunk().ok_or("a frame is too short")?);
    if usize::from(label.camera) != camera {
        return Err(format!("a frame of camera {} instead of {camera}", label.camera).into());
    }
    // The length is compared first, because what it says may be anything.
    if HEADER + label.len as usize != frame.len() || label.frame() != frame {
        return Err(format!("{label:?} in {} bytes is not as it was sent", frame.len()).into());
    }
    Ok(label)
}

/// The next frame of a file of frames; none at its end. The last one may be cut off.
pub(crate) fn read(camera: usize, file: &mut impl Read) -> Result<Option<Label>, Failure> {
    let mut header = [0; HEADER];
    let ended = |error: &std::io::Error| error.kind() == ErrorKind::UnexpectedEof;
    match file.read_exact(&mut header) {
        Err(error) if ended(&error) => return Ok(None),
        result => result?,
    }
    let mut frame = header.to_vec();
    frame.resize(HEADER + Label::parse(camera, &header).len.min(1 << 24) as usize, 0);
    match file.read_exact(&mut frame[HEADER..]) {
        Err(error) if ended(&error) => return Ok(None),
        result => result?,
    }
    check(camera, &frame).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_seen() {
        let label = Label::new(3, &fleet::camera(3), 7, false);
        let mut frame = label.frame();
        assert_eq!(check(3, &frame).unwrap(), label);
        assert!(check(4, &frame).is_err());
        assert!(check(3, &frame[..frame.len() - 1]).is_err());
        for at in [0, 6, HEADER - 1, HEADER, frame.len() - 1] {
            frame[at] ^= 1;
            assert!(check(3, &frame).is_err(), "{at}");
            frame[at] ^= 1;
        }
    }

    #[test]
    fn a_file_of_frames_is_read_to_its_end() {
        let labels: Vec<_> = (0..3).map(|number| Label::new(0, &fleet::camera(0), number, number == 0)).collect();
        let mut file: Vec<u8> = labels.iter().flat_map(Label::frame).collect();
        file.truncate(file.len() - 1);
        let mut file = &file[..];
        assert_eq!(read(0, &mut file).unwrap(), Some(labels[0]));
        assert_eq!(read(0, &mut file).unwrap(), Some(labels[1]));
        assert_eq!(read(0, &mut file).unwrap(), None);
    }
}
