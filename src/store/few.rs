//! A set that is empty nearly always, or small.

use std::ops::Deref;

/// Keys of what a batch needs, each once and in their order. Most of a batch's are empty, and unlike that of a `BTreeSet` the
/// end of an empty one costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few<T>(Vec<T>);

impl<T: Ord> Few<T> {
    /// Adds a key. `false`: it is there already.
    pub fn insert(&mut self, key: T) -> bool {
        match self.0.binary_search(&key) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, key);
                true
            }
        }
    }

    /// Whether this key is there.
    pub fn contains(&self, key: &T) -> bool {
        self.0.binary_search(key).is_ok()
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Ord> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<T: Ord> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(keys: I) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys)
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_has_what_a_set_has_in_the_same_order(keys in proptest::collection::vec(0u8..20, 0..40)) {
            let few: Few<u8> = keys.iter().copied().collect();
            let set: BTreeSet<u8> = keys.iter().copied().collect();
            prop_assert!(few.iter().eq(&set));
            prop_assert!((0..20).all(|key| few.contains(&key) == set.contains(&key)));
        }
    }
}
