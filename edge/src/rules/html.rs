//! Text in HTML: in elements and attributes, and JSON in a script element.

use serde::Serialize;

/// Text as it stands in an element, or in an attribute between quotes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A script element that holds data. No text in it ends the element (HTML §4.12.1.3).
pub fn data_script(media_type: &str, value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c");
    format!("<script type=\"{media_type}\">{json}</script>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_begins_no_element_and_ends_no_attribute() {
        assert_eq!(escaped("<b a='1' c=\"&\">é"), "&lt;b a=&#39;1&#39; c=&quot;&amp;&quot;&gt;é");
    }

    #[test]
    fn data_does_not_end_its_script() {
        let script = data_script("application/json", &"</script><!--");
        assert_eq!(
            script,
            "<script type=\"application/json\">\"\\u003c/script>\\u003c!--\"</script>\n"
        );
    }
}
