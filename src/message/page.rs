//! The message as one local HTML page: Meta's own preview in a frame, next to our rendering of a phone. The page loads nothing but
//! that frame: pictures are boxes of the right ratio, and there is no script.

use askama::Template;
use serde_json::Value;

use super::preview::origin;
use super::view::{Bubble, ShownButton, View};
use crate::error::{Error, Result};

#[derive(Template)]
#[template(path = "message/page.html")]
struct Page<'p> {
    view: &'p View,
    targets: Vec<ShownButton>,
    src: Option<&'p str>,
    /// The origin that the page may show in a frame.
    frame: &'p str,
}

/// The page. `src` is the URL in Meta's response (see [`super::preview::iframe_src`]); without it there is only our rendering.
///
/// The page contains that URL, which is signed: write it where nobody else can read it.
pub fn render(message: &Value, src: Option<&str>) -> Result<String> {
    let view = View::of(message);
    let frame = src.and_then(origin).unwrap_or("'none'");
    Page { targets: view.targets(), view: &view, src, frame }
        .render()
        .map_err(|error| Error::internal("can't render the preview page").because(&error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SRC: &str = "https://business.facebook.com/ads/api/preview_iframe.php?d=AQ&t=x";

    #[test]
    fn the_page_frames_metas_preview_and_nothing_else() {
        let message = json!({"attachment": {"payload": {"template_type": "generic", "elements": [
            {"title": "Sale", "image_url": "https://shop.example/a.jpg",
             "buttons": [{"type": "web_url", "title": "Go", "url": "https://shop.example/"}]}]}}});
        let page = render(&message, Some(SRC)).unwrap();
        assert!(page.contains("frame-src https://business.facebook.com;"), "{page}");
        assert!(page.contains("default-src 'none'"));
        assert_eq!(page.matches("src=\"").count(), 1, "{page}");
        assert!(page.contains("preview_iframe.php?d=AQ&#38;t=x"));
        let local = render(&message, None).unwrap();
        assert!(local.contains("frame-src 'none'"));
        assert!(!local.contains("<iframe"));
        for page in [page, local] {
            assert!(!page.contains("<script") && !page.contains("href=") && !page.contains("<img"));
        }
    }

    #[test]
    fn texts_of_a_message_are_text() {
        let evil = "</style><script>alert(1)</script>\"' onload=x";
        let message = json!({"text": evil, "quick_replies": [{"content_type": "text", "title": evil}],
            "attachment": {"payload": {"template_type": "coupon", "title": evil, "coupon_code": evil, "coupon_url": evil,
                "image_url": evil}}});
        let page = render(&message, None).unwrap();
        assert!(!page.contains("<script>") && !page.contains("\"' onload"), "{page}");
    }

    proptest! {
        #[test]
        fn no_text_adds_a_tag(text in "\\PC{0,40}") {
            let page = |text: &str| {
                let message = json!({"text": text, "attachment": {"payload": {"template_type": "button", "text": text,
                    "buttons": [{"title": text, "url": text, "type": "web_url"}]}}});
                render(&message, None).unwrap()
            };
            let tags = |page: String| page.matches('<').count();
            prop_assert_eq!(tags(page(&format!("a{text}"))), tags(page("a")));
        }
    }
}
