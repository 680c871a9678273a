//! A camera that comes back.
