//! What is looked for in messages, and how it is found in them: one rule for all stores.
//!
//! Texts are compared as [`fold`] has them. What stands between two spaces of such a text is a run, and
//! words are found anywhere in it. An index keeps the [grams] of a text; the [`Needle`]s of what is looked for
//! are grams, or beginnings of grams, that every text must have in which it is found. The words themselves
//! decide in the end, so an index may find too much and never too little.

#[cfg(any(feature = "sqlite", feature = "postgres", test))]
use std::collections::BTreeSet;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::SnippetPart;
use crate::error::{Error, Result};

/// The most words and phrases of one search.
const MAX_WORDS: usize = 16;

/// The most needles: more would find hardly less.
const MAX_NEEDLES: usize = 32;

/// How much of a text is kept in an index, in characters.
#[cfg(any(feature = "sqlite", feature = "postgres", test))]
const INDEXED: usize = 32 * 1024;

/// The most characters of a snippet, and how many of them stand before the first match.
const SNIPPET: usize = 160;
const BEFORE: usize = 40;

/// Words and phrases that a text must have, all of them, anywhere and also within longer words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Folded, neither empty nor with a space at either end.
    words: Vec<String>,
}

impl Words {
    /// Parses what a user has typed. What stands between quotation marks is one phrase.
    ///
    /// # Errors
    /// [`INVALID_INPUT`](crate::ErrorKind::Invalid) with the field `q`: for more than `max_chars` characters or more
    /// than 16 words; and where none of them has two characters side by side, or is one that stands for itself,
    /// such as a syllable of Korean or an emoji.
    pub fn parse(text: &str, max_chars: usize) -> Result<Self> {
        if text.chars().count() > max_chars {
            return Err(Error::invalid("q", format!("must have at most {max_chars} characters")));
        }
        let mut words: Vec<String> = Vec::new();
        let mut keep = |word: String| {
            if !word.is_empty() && !words.contains(&word) {
                words.push(word);
            }
        };
        for (index, part) in text.split(['"', '\u{201c}', '\u{201d}', '\u{201e}']).enumerate() {
            if index % 2 == 1 {
                keep(fold(part).trim().to_owned());
            } else {
                fold(part).split_whitespace().for_each(|word| keep(word.to_owned()));
            }
        }
        if words.len() > MAX_WORDS {
            return Err(Error::invalid("q", format!("must have at most {MAX_WORDS} words")));
        }
        let words = Self { words };
        if words.needles().is_empty() {
            return Err(Error::invalid("q", "must have a word of two characters"));
        }
        Ok(words)
    }

    /// Whether a text has all of them.
    pub fn are_in(&self, text: &str) -> bool {
        let text = fold(text);
        self.words.iter().all(|word| text.contains(word.as_str()))
    }

    /// What the grams of each text must have in which all of them are: enough to look it up, if not all.
    pub(crate) fn needles(&self) -> Vec<Needle> {
        let mut needles = Vec::new();
        let runs = self.words.iter().flat_map(|word| word.split(' '));
        for needle in runs.flat_map(needles_of) {
            if needles.len() < MAX_NEEDLES && !needles.contains(&needle) {
                needles.push(needle);
            }
        }
        needles
    }

    /// The part of a text around the first match, with each match in it marked. At most 160 characters, and
    /// an ellipsis where the text goes on.
    pub(crate) fn snippet(&self, text: &str) -> Vec<SnippetPart> {
        let matches = self.matches(text);
        let first = matches.first().map_or(0, |first| first.start);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = starts.partition_point(|start| *start < first);
        let from = if starts.len() <= SNIPPET { 0 } else { at.saturating_sub(BEFORE) };
        let from = from.min(starts.len().saturating_sub(SNIPPET));
        let begin = starts.get(from).copied().unwrap_or(0);
        let end = starts.get(from + SNIPPET).copied().unwrap_or(text.len());

        let mut parts: Vec<SnippetPart> = Vec::new();
        let mut put = |part: &str, is_match: bool| match parts.last_mut() {
            _ if part.is_empty() => {}
            Some(last) if last.is_match == is_match => last.text.push_str(part),
            _ => parts.push(SnippetPart { text: part.to_owned(), is_match }),
        };
        put(if begin > 0 { "…" } else { "" }, false);
        let mut done = begin;
        for found in matches {
            let (start, stop) = (found.start.clamp(done, end), found.end.clamp(done, end));
            put(&text[done..start], false);
            put(&text[start..stop], true);
            done = stop;
        }
        put(&text[done..end], false);
        put(if end < text.len() { "…" } else { "" }, false);
        parts
    }

    /// Where they are in a text, in its bytes, in their order and apart.
    fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let (mut folded, mut from) = (String::new(), Vec::new());
        each_folded(text, |at, one| {
            folded.push(one);
            // An entry a byte, so that a place in the folded text is one in the other.
            from.resize(folded.len(), at);
        });
        let ends = |at: usize| {
            let own = from[at];
            from[at..].iter().copied().find(|next| *next > own).unwrap_or(text.len())
        };
        let mut found: Vec<Range<usize>> = Vec::new();
        for word in &self.words {
            let places = folded.match_indices(word.as_str());
            found.extend(places.map(|(at, word)| from[at]..ends(at + word.len() - 1)));
        }
        found.sort_by_key(|range| (range.start, range.end));
        found.dedup_by(|next, last| {
            let is_one = next.start <= last.end;
            if is_one {
                last.end = last.end.max(next.end);
            }
            is_one
        });
        found
    }
}

/// What the grams of a text must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Needle {
    /// This gram.
    Gram(String),
    /// A gram that begins so.
    Beginning(String),
}

/// A text as it is compared: in the form NFKC and in lower case, each sequence of spaces as one, and without
/// what is not seen.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    each_folded(text, |_, one| folded.push(one));
    folded
}

/// Gives each character of the folded text, with where in the other one that begins of which it was made.
///
/// A character is folded with those that may join it and no others, so that a part of a text that is cut out
/// between such groups is folded alike.
fn each_folded(text: &str, mut give: impl FnMut(usize, char)) {
    let mut is_spaced = false;
    let mut put = |at: usize, one: char| {
        if one.is_whitespace() {
            if !is_spaced {
                give(at, ' ');
            }
            is_spaced = true;
        } else if !is_unseen(one) {
            give(at, one);
            is_spaced = false;
        }
    };
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        let is_alone = !rest.peek().is_some_and(|(_, next)| joins(*next));
        match first {
            _ if is_alone && first.is_ascii() => put(at, first.to_ascii_lowercase()),
            // Syllables of Hangul and most of Han are what they are. So are letters of Hangul by themselves,
            // of which the form NFKC would make parts of syllables.
            '\u{ac00}'..='\u{d7a3}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{3130}'..='\u{318f}'
            | '\u{ffa0}'..='\u{ffdc}'
                if is_alone =>
            {
                put(at, first);
            }
            _ => {
                let mut group = String::from(first);
                while let Some((_, next)) = rest.next_if(|(_, next)| joins(*next)) {
                    group.push(next);
                }
                group.retain(|one| !is_unseen(one));
                let lower: String = group.nfkc().flat_map(char::to_lowercase).collect();
                lower.nfkc().for_each(|one| put(at, if one == 'ς' { 'σ' } else { one }));
            }
        }
    }
}

/// Whether it may become one with a character before it: a mark, a vowel or final consonant of Hangul, or what
/// stands between it and such a one unseen.
fn joins(one: char) -> bool {
    !one.is_ascii()
        && (is_combining_mark(one)
            || is_unseen(one)
            || matches!(one, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

/// What only says how its neighbours look, or nothing at all.
fn is_unseen(one: char) -> bool {
    matches!(one, '\0' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether there are so many of its kind that two of them tell as much as three letters do: syllables, Han,
/// emoji. One alone may be looked for.
fn stands_for_itself(one: char) -> bool {
    !matches!(one, '\0'..='\u{10ff}' | '\u{1780}'..='\u{206f}')
}

/// How many characters a gram has that begins with this one.
fn width(first: char) -> usize {
    if stands_for_itself(first) { 2 } else { 3 }
}

/// What an index keeps of a text, none of it with a space: at each character, what begins there and is as
/// wide as a gram, or ends with its run. Of a long text the first 32,768 characters count.
#[cfg(any(feature = "sqlite", feature = "postgres", test))]
pub(crate) fn grams(text: &str) -> BTreeSet<String> {
    let mut grams = BTreeSet::new();
    for run in fold(text).split(' ') {
        let chars: Vec<char> = run.chars().take(INDEXED).collect();
        for (at, first) in chars.iter().enumerate() {
            let end = chars.len().min(at + width(*first));
            if end - at > 1 || stands_for_itself(*first) {
                grams.insert(String::from_iter(&chars[at..end]));
            }
        }
    }
    grams
}

/// All whole grams of the run; and where these leave its end uncovered, or there is none, how one must begin.
fn needles_of(run: &str) -> Vec<Needle> {
    let chars: Vec<char> = run.chars().collect();
    let (mut needles, mut covered, mut begun) = (Vec::new(), 0, None);
    for (at, first) in chars.iter().enumerate() {
        let end = at + width(*first);
        if end <= chars.len() {
            needles.push(Needle::Gram(String::from_iter(&chars[at..end])));
            covered = end;
        } else {
            begun = begun.or(Some(at));
        }
    }
    if let Some(at) = begun.filter(|_| covered < chars.len())
        && (chars.len() - at > 1 || stands_for_itself(chars[at]))
    {
        needles.push(Needle::Beginning(String::from_iter(&chars[at..])));
    }
    needles
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Words {
        Words::parse(text, 1000).unwrap()
    }

    fn are_in_grams(needles: &[Needle], grams: &BTreeSet<String>) -> bool {
        needles.iter().all(|needle| match needle {
            Needle::Gram(gram) => grams.contains(gram),
            Needle::Beginning(part) => grams.iter().any(|gram| gram.starts_with(part.as_str())),
        })
    }

    fn marked(q: &str, text: &str) -> String {
        let parts = words(q).snippet(text);
        parts
            .iter()
            .map(|part| if part.is_match { format!("[{}]", part.text) } else { part.text.clone() })
            .collect()
    }

    /// Letters, syllables, marks, jamo, emoji, spaces.
    const LETTERS: [&str; 36] = [
        "a", "b", "c", "A", "B", "é", "İ", "Σ", "ς", "0", "가", "각", "한", "글", "회", "의", "\u{1100}",
        "\u{1161}", "\u{11a8}", "\u{3131}", "\u{301}", "\u{fe0f}", "\u{200d}", "🎉", "👍", "🏽", "日", "本",
        "カ", "ﾞ", "ﾀ", "Ⅳ", " ", "-", "\n", " ",
    ];

    fn letters(least: usize, most: usize) -> impl Strategy<Value = String> {
        let letter = proptest::sample::select(LETTERS.to_vec());
        proptest::collection::vec(letter, least..=most).prop_map(|letters| letters.concat())
    }

    #[test]
    fn words_are_found_however_they_are_written() {
        for (q, text) in [
            ("회의", "내일회의실에서"),
            ("의", "회의"),
            ("hello", "say HELLO, all"),
            ("ell", "Hello"),
            ("lo", "hello"),
            ("he", "hello"),
            ("🎉", "done 🎉🎉"),
            ("❤", "I ❤️ it"),
            ("👍", "👍🏽"),
            ("\"see you\"", "See   you\nsoon"),
            ("you see", "see you"),
            ("회의", "\u{1112}\u{116c}\u{110b}\u{1174} 시간"),
            ("cafe\u{301}", "CAFÉ"),
            ("ｈｅｌｌｏ", "hello"),
            ("iv", "Ⅳ"),
            ("c++", "in C++20"),
            ("日本", "日本語"),
            ("I am", "I am here"),
        ] {
            let words = words(q);
            assert!(words.are_in(text), "{q} in {text}");
            assert!(are_in_grams(&words.needles(), &grams(text)), "{q} by the grams of {text}");
        }
        for (q, text) in [("회의", "회 의"), ("\"see you\"", "you see"), ("hello", "help"), ("cafe", "café")]
        {
            assert!(!words(q).are_in(text), "{q} in {text}");
        }
    }

    #[test]
    fn what_an_index_cannot_look_up_is_refused() {
        for bad in ["", "  ", "a", "a b", "\"a b\"", "\"\"", "\u{fe0f}", "\u{200d}"] {
            assert!(Words::parse(bad, 100).is_err(), "{bad:?}");
        }
        assert!(Words::parse("abc", 2).is_err());
        assert!(Words::parse(&["ab"; 17].join(" "), 100).is_ok(), "one word");
        let many: Vec<String> = (10..27).map(|n| n.to_string()).collect();
        assert!(Words::parse(&many.join(" "), 100).is_err());
    }

    #[test]
    fn a_snippet_marks_what_was_found_as_it_was_written() {
        assert_eq!(marked("회의", "내일 회의, 모레 회의"), "내일 [회의], 모레 [회의]");
        assert_eq!(marked("HELLO lo,", "Hello, you"), "[Hello,] you");
        assert_eq!(marked("iv", "Teil Ⅳ."), "Teil [Ⅳ].");
        assert_eq!(marked("❤", "I ❤️ it"), "I [❤️] it");
        let long = format!("{}needle{}", "a ".repeat(500), " b".repeat(500));
        let snippet = marked("needle", &long);
        assert!(
            snippet.starts_with("…a ") && snippet.contains("[needle]") && snippet.ends_with(" b…"),
            "{snippet}"
        );
        assert_eq!(snippet.chars().count(), SNIPPET + 4);
    }

    proptest! {
        #[test]
        fn each_part_of_a_text_is_found_by_its_grams(text in letters(0, 30), from in 0usize..30, count in 1usize..12) {
            let folded: Vec<char> = fold(&text).chars().collect();
            let from = from.min(folded.len());
            let part: String = folded[from..folded.len().min(from + count)].iter().collect();
            // A part may be no text by itself, where a mark is cut off from its letter.
            prop_assume!(fold(&part) == part);
            if let Ok(words) = Words::parse(&format!("\"{part}\""), 100) {
                prop_assert!(words.are_in(&text));
                prop_assert!(are_in_grams(&words.needles(), &grams(&text)));
            }
        }

        #[test]
        fn what_was_folded_stays_as_it_is(text in ".{0,40}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone());
        }

        #[test]
        fn a_snippet_is_a_part_of_its_text(q in letters(1, 6), text in letters(0, 300)) {
            let Ok(words) = Words::parse(&q, 100) else { return Ok(()) };
            let parts = words.snippet(&text);
            let shown: String = parts.iter().map(|part| part.text.as_str()).collect();
            prop_assert!(text.contains(shown.trim_matches('…')));
            prop_assert!(shown.chars().count() <= SNIPPET + 2);
            prop_assert!(parts.iter().all(|part| !part.text.is_empty()));
            prop_assert_eq!(parts.iter().any(|part| part.is_match), !words.matches(&text).is_empty());
        }

        #[test]
        fn no_text_makes_it_panic(q in ".{0,40}", text in ".{0,80}") {
            if let Ok(words) = Words::parse(&q, 100) {
                words.snippet(&text);
                words.are_in(&text);
            }
        }
    }
}
