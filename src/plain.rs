//! Texts in which JSON has nothing to escape, since they are the code's own: whoever writes JSON need not look.

use serde::{Serialize, Serializer};

/// By this name a newtype says that its text is plain; a serializer that does not know it takes the text as any other.
pub(crate) const PLAIN: &str = "$chat_core::Plain";

/// Serializes a text of printable ASCII without quotes and backslashes.
pub(crate) fn serialize<S: Serializer>(text: &(impl Serialize + ?Sized), s: S) -> Result<S::Ok, S::Error> {
    s.serialize_newtype_struct(PLAIN, text)
}

/// What is shown by such a text.
pub(crate) struct Shown<'a, T>(pub(crate) &'a T);

impl<T: std::fmt::Display> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self.0)
    }
}
