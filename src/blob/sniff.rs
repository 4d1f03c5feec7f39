//! What a file is, told from its first bytes and never from what is said of it.

use crate::model::Dimensions;

/// How many of a file's first bytes are looked at: a JPEG tells how large it is only behind what cameras and
/// programs write before it.
pub(crate) const HEAD_BYTES: usize = 512 * 1024;

/// What nothing is known of.
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// The media type of a file that begins like this.
pub(crate) fn media_type(head: &[u8]) -> &'static str {
    infer::get(head).map_or(UNKNOWN, |kind| kind.mime_type())
}

/// How large the picture is that begins like this, where that can be told.
pub(crate) fn dimensions(head: &[u8]) -> Option<Dimensions> {
    let size = imagesize::blob_size(head).ok()?;
    let side = |pixels: usize| u32::try_from(pixels).ok().filter(|pixels| *pixels > 0);
    Some(Dimensions { width: side(size.width)?, height: side(size.height)? })
}

/// Whether a list of media types holds this one. An entry such as `audio/*` stands for all that begin so.
pub(crate) fn is_in<T: AsRef<str>>(list: &[T], media_type: &str) -> bool {
    list.iter().any(|entry| match entry.as_ref().strip_suffix('*') {
        Some(group) => media_type.starts_with(group),
        None => entry.as_ref() == media_type,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The head of a PNG of this size.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        png.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        png.extend(b"\x08\x02\x00\x00\x00\x00\x00\x00\x00");
        png
    }

    #[test]
    fn bytes_tell_what_they_are() {
        assert_eq!(media_type(&png(1, 1)), "image/png");
        assert_eq!(media_type(b"\xff\xd8\xff\xe0\x00\x10JFIF"), "image/jpeg");
        assert_eq!(media_type(b"%PDF-1.7"), "application/pdf");
        assert_eq!(media_type(b"<!DOCTYPE html><script>"), "text/html");
        assert_eq!(media_type(b"hello"), UNKNOWN);
        assert_eq!(media_type(b""), UNKNOWN);
    }

    #[test]
    fn a_picture_tells_how_large_it_is() {
        assert_eq!(dimensions(&png(640, 480)), Some(Dimensions { width: 640, height: 480 }));
        assert_eq!(dimensions(&png(0, 480)), None);
        assert_eq!(dimensions(&png(640, 480)[..12]), None);
        assert_eq!(dimensions(b"hello"), None);
    }

    #[test]
    fn a_list_may_name_groups() {
        let list = ["image/png", "audio/*"];
        assert!(is_in(&list, "image/png") && is_in(&list, "audio/ogg"));
        assert!(!is_in(&list, "image/pngx") && !is_in(&list, "image/jpeg") && !is_in(&list, "audiobook"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(start in 0usize..5, bytes: Vec<u8>) {
            let starts: [&[u8]; 5] =
                [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBPVP8"];
            let bytes = [starts[start], &bytes].concat();
            let _ = (media_type(&bytes), dimensions(&bytes));
        }
    }
}
