//! The kept inputs of decoders, for their tests.

/// The inputs of one decoder.
pub(crate) fn inputs(decoder: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(decoder);
    let files = std::fs::read_dir(folder).expect("the corpus is there");
    let inputs: Vec<_> =
        files.map(|file| std::fs::read(file.expect("a file").path()).expect("it reads")).collect();
    assert!(!inputs.is_empty(), "{decoder}");
    inputs.into_iter().map(|input| String::from_utf8_lossy(&input).into_owned()).collect()
}
