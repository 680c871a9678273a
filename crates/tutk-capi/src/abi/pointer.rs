//! Reading and writing what C points to.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;
use std::slice;

/// Reads text up to its NUL, or `most` bytes of it; `None` if there is no text.
///
/// # Safety
/// `text` is null, or bytes can be read from it up to a NUL or for `most` bytes.
pub(super) unsafe fn prefix<'a>(text: *const c_char, most: usize) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    let text = text.cast::<u8>();
    // SAFETY: no byte after the NUL is read, and none after `most`.
    let len = (0..most).find(|at| unsafe { *text.add(*at) } == 0).unwrap_or(most);
    // SAFETY: these bytes were just read.
    Some(unsafe { slice::from_raw_parts(text, len) })
}

/// Reads text up to its NUL; `None` if there is no text, or no NUL after at most `most` bytes.
///
/// # Safety
/// `text` is null, or bytes can be read from it up to a NUL or for `most` + 1 bytes.
pub(super) unsafe fn text<'a>(text: *const c_char, most: usize) -> Option<&'a [u8]> {
    // SAFETY: vouched for by the caller.
    unsafe { prefix(text, most + 1) }.filter(|text| text.len() <= most)
}

/// The bytes of a buffer; `None` if there is no buffer or the size is negative.
///
/// # Safety
/// `data` is null, or `len` bytes can be read from it.
pub(super) unsafe fn bytes<'a, T>(data: *const T, len: c_int) -> Option<&'a [u8]> {
    let len = usize::try_from(len).ok()?;
    if len == 0 {
        return Some(&[]);
    }
    // SAFETY: not null, and the caller vouches for `len` bytes.
    (!data.is_null()).then(|| unsafe { slice::from_raw_parts(data.cast(), len) })
}

/// A struct that says its size in its first field: what C has of it, in whole fields, the rest zeros. `None` if there is none, or
/// if it has less than `least` bytes.
///
/// # Safety
/// `place` is null, or as many bytes can be read from it as it says; and zeros are a `T`.
pub(super) unsafe fn sized<T: Copy>(place: *const T, least: usize) -> Option<T> {
    if place.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for the size's own bytes. C may hand out unaligned ones.
    let size = unsafe { place.cast::<u32>().read_unaligned() } as usize;
    let len = size.min(size_of::<T>()) / align_of::<T>() * align_of::<T>();
    if size < least {
        return None;
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches for these bytes, the value has as many, and all of its bytes were set before.
    unsafe {
        place.cast::<u8>().copy_to_nonoverlapping(value.as_mut_ptr().cast::<u8>(), len);
        Some(value.assume_init())
    }
}

/// Writes as much of a struct as C has of it.
///
/// # Safety
/// `len` bytes can be written to the place.
pub(super) unsafe fn put_sized<T: Copy>(place: *mut T, len: usize, value: T) {
    // SAFETY: the caller vouches for the place; no more of the value is read than there is.
    unsafe { (&raw const value).cast::<u8>().copy_to_nonoverlapping(place.cast::<u8>(), len.min(size_of::<T>())) };
}

/// Writes a value, if there is a place for it.
///
/// # Safety
/// `place` is null or can be written to.
pub(super) unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not null, and the caller vouches for the place. C may hand out unaligned ones.
        unsafe { place.write_unaligned(value) };
    }
}

/// Writes as many of these bytes as there is room for.
///
/// # Safety
/// `place` is null, or `room` bytes can be written to it.
pub(super) unsafe fn fill(place: *mut c_char, room: usize, bytes: &[u8]) {
    if !place.is_null() {
        // SAFETY: not null, the caller vouches for `room` bytes, and no other reference to them exists.
        unsafe { place.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len().min(room)) };
    }
}

/// Text in a C array, cut to fit with its NUL.
pub(super) fn array<const N: usize>(text: &[u8]) -> [c_char; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().take(N.saturating_sub(1)).zip(text) {
        *to = *from as c_char;
    }
    array
}
