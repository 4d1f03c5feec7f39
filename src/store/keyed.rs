//! Rows by their keys.

/// The rows of a batch by their keys, in the order of these. A vector, for a batch has few: there is nothing to make for an
/// empty one, and a small one lies together. What is large in it is behind a pointer, so that a great batch moves little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed<K, V>(Vec<(K, V)>);

impl<K: Ord, V> Keyed<K, V> {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(there, _)| there.cmp(key))
    }

    /// The row with this key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().map(|place| &self.0[place].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).ok().map(|place| &mut self.0[place].1)
    }

    /// Whether there is one with this key.
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts a row under its key, and gives the one that stood there.
    pub fn insert(&mut self, key: K, row: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, row)),
            Err(place) => {
                self.0.insert(place, (key, row));
                None
            }
        }
    }

    /// Takes the row with this key out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }

    /// Keeps those that are meant.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, row)| is_kept(key, row));
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, row)| row)
    }

    /// All of them, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, row)| row)
    }

    /// All of them with their keys.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.0.iter()
    }
}

impl<K, V> Default for Keyed<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Extend<(K, V)> for Keyed<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, rows: I) {
        for (key, row) in rows {
            self.insert(key, row);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Keyed<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(rows: I) -> Self {
        let mut rows: Vec<_> = rows.into_iter().collect();
        // Of those of one key the last one stays, as in a map.
        rows.reverse();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        rows.dedup_by(|(one, _), (other, _)| one == other);
        Self(rows)
    }
}

impl<'a, K, V> IntoIterator for &'a Keyed<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K, V> IntoIterator for Keyed<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_collected_as_a_map_is(rows in proptest::collection::vec((0u8..12, any::<u8>()), 0..40)) {
            let map: BTreeMap<_, _> = rows.iter().copied().collect();
            let keyed: Keyed<_, _> = rows.into_iter().collect();
            prop_assert!(keyed.into_iter().eq(map));
        }

        #[test]
        fn it_has_what_a_map_has_in_the_same_order(
            acts in proptest::collection::vec((0u8..12, proptest::option::of(any::<u8>())), 0..40),
        ) {
            let (mut keyed, mut map) = (Keyed::new(), BTreeMap::new());
            for (key, row) in acts {
                let (was, is) = match row {
                    Some(row) => (keyed.insert(key, row), map.insert(key, row)),
                    None => (keyed.remove(&key), map.remove(&key)),
                };
                prop_assert_eq!(was, is);
            }
            prop_assert!((0..12).all(|key| keyed.get(&key) == map.get(&key)));
            keyed.retain(|key, _| key % 2 == 0);
            map.retain(|key, _| key % 2 == 0);
            prop_assert!(keyed.into_iter().eq(map));
        }
    }
}
