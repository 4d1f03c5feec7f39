//! Small pictures of large ones.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use crate::model::Dimensions;

/// The most pixels of a side. What is no larger is its own small picture.
const SIDE: u32 = 320;

/// The most memory that one picture may take.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

const QUALITY: u8 = 80;

/// What came of a picture.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// How large it is as it is shown: a camera says which side is up.
    pub(crate) dimensions: Dimensions,
    /// A small JPEG of it; none where it is small itself, or too large for memory, or broken.
    pub(crate) jpeg: Option<Vec<u8>>,
}

/// Whether pictures of this type are read.
pub(crate) fn is_read(media_type: &str) -> bool {
    ["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&media_type)
}

/// Makes a small picture of the first one in a file. `None` where the file holds none.
pub(crate) fn make(file: &[u8]) -> Option<Made> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    use ImageFormat::{Gif, Jpeg, Png, WebP};
    if !matches!(reader.format()?, Gif | Jpeg | Png | WebP) {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let up = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let dimensions = match lies_on_its_side(up) {
        true => Dimensions { width: height, height: width },
        false => Dimensions { width, height },
    };
    let is_small = width <= SIDE && height <= SIDE;
    let jpeg = if is_small || decoder.total_bytes() > MAX_BYTES { None } else { shrink(decoder, up) };
    Some(Made { dimensions, jpeg })
}

fn lies_on_its_side(up: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(up, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn shrink(decoder: impl ImageDecoder, up: Orientation) -> Option<Vec<u8>> {
    let mut small = DynamicImage::from_decoder(decoder).ok()?.thumbnail(SIDE, SIDE);
    small.apply_orientation(up);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&on_white(&small)).ok()?;
    Some(jpeg)
}

/// A JPEG has nothing that one can see through.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let mixed = |color: u32| u8::try_from((color * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        Rgb([mixed(red), mixed(green), mixed(blue)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};
    use proptest::prelude::*;

    fn encoded(width: u32, height: u32, color: [u8; 4], format: ImageFormat) -> Vec<u8> {
        let picture = DynamicImage::from(RgbaImage::from_pixel(width, height, Rgba(color)));
        let picture = if format == ImageFormat::Jpeg { picture.to_rgb8().into() } else { picture };
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_large_picture_of_each_type_becomes_a_small_jpeg() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let made = make(&encoded(1000, 500, [200, 30, 30, 255], format)).unwrap();
            assert_eq!(made.dimensions, Dimensions { width: 1000, height: 500 });
            let jpeg = image::load_from_memory_with_format(&made.jpeg.unwrap(), ImageFormat::Jpeg).unwrap();
            assert_eq!((jpeg.width(), jpeg.height()), (320, 160), "{format:?}");
            let [red, green, _] = jpeg.to_rgb8().get_pixel(9, 9).0;
            assert!(red > 180 && green < 60, "{format:?}");
        }
    }

    #[test]
    fn what_can_be_seen_through_is_white() {
        let made = make(&encoded(400, 400, [0, 0, 0, 0], ImageFormat::Png)).unwrap();
        let jpeg = image::load_from_memory(&made.jpeg.unwrap()).unwrap().to_rgb8();
        assert!(jpeg.get_pixel(9, 9).0.iter().all(|color| *color > 250));
    }

    #[test]
    fn a_small_picture_has_none_and_what_is_no_picture_either() {
        let made = make(&encoded(320, 200, [1, 2, 3, 255], ImageFormat::Png)).unwrap();
        assert_eq!(made, Made { dimensions: Dimensions { width: 320, height: 200 }, jpeg: None });
        assert_eq!(make(b"hello"), None);
        let cut = &encoded(900, 900, [1, 2, 3, 255], ImageFormat::Png)[..60];
        assert!(make(cut).is_none_or(|made| made.jpeg.is_none()));
    }

    #[test]
    fn a_picture_of_a_camera_on_its_side_is_shown_upright() {
        let jpeg = encoded(1000, 500, [9, 9, 9, 255], ImageFormat::Jpeg);
        // Behind the first marker: Exif with nothing but an orientation, 6: a quarter to the right.
        let exif =
            b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
        let made = make(&turned).unwrap();
        assert_eq!(made.dimensions, Dimensions { width: 500, height: 1000 });
        let small = image::load_from_memory(&made.jpeg.unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (160, 320));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0usize..400, byte: u8, format in 0usize..4) {
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP][format];
            let mut file = encoded(330, 8, [200, 30, 30, 255], format);
            let at = at % file.len();
            file[at] = byte;
            let _ = make(&file);
        }
    }
}
