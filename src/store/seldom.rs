//! A part that is empty nearly always.

use std::ops::{Deref, DerefMut};

/// What hardly any batch has: boxed once something is put into it, and read as empty before. So a message costs nothing for
/// all that is not of messages.
#[derive(Debug, Clone, Default)]
pub struct Seldom<T>(Option<Box<T>>);

/// What a [`Seldom`] holds.
pub trait Blank: Default + 'static {
    /// It, with nothing in it.
    fn blank() -> &'static Self;
}

impl<T> Seldom<T> {
    /// Whether anything was ever put into it.
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Takes it out, if anything was ever put into it.
    pub fn take(&mut self) -> Option<Box<T>> {
        self.0.take()
    }
}

impl<T: Blank> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}
