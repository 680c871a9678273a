/// What a camera does with its motors: it begins, and goes on until [`Ptz::Stop`] or its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ptz {
    /// Turn and zoom no more.
    Stop = 0,
    /// Turn up.
    Up = 1,
    /// Turn down.
    Down = 2,
    /// Turn left.
    Left = 3,
    /// Turn left and up.
    UpLeft = 4,
    /// Turn left and down.
    DownLeft = 5,
    /// Turn right.
    Right = 6,
    /// Turn right and up.
    UpRight = 7,
    /// Turn right and down.
    DownRight = 8,
    /// Zoom in.
    ZoomIn = 23,
    /// Zoom out.
    ZoomOut = 24,
}

/// The body of [`PTZ`](super::PTZ). What `speed` means, and whether it means anything, is up to the camera.
///
/// u8 command, u8 speed, then four bytes that these commands do not use (a preset, a limit, an auxiliary switch, the
/// channel) and two reserved ones.
pub fn ptz(command: Ptz, speed: u8) -> [u8; 8] {
    [command as u8, speed, 0, 0, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        assert_eq!(ptz(Ptz::Stop, 0), [0; 8]);
        assert_eq!(ptz(Ptz::DownRight, 200), [8, 200, 0, 0, 0, 0, 0, 0]);
        assert_eq!(ptz(Ptz::ZoomOut, 1)[0], 24);
    }
}
