//! How the C library keeps memory.
#![allow(unsafe_code, reason = "the standard library has no settings of malloc")]

/// Fewer heaps than glibc's 8 for each core. Each pipeline has threads of its own for a moment, and where each takes
/// another heap, what they free is spread over all of them: after some snapshots, the server has 40 MiB more than it needs.
#[cfg(target_env = "gnu")]
pub(crate) fn limit() {
    // SAFETY: it has no conditions. It is called before there are other threads, so that none has a heap yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}

/// Other C libraries have no such heaps.
#[cfg(not(target_env = "gnu"))]
pub(crate) const fn limit() {}
