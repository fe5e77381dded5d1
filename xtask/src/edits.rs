//! Replaces parts of a source text.

use oxc_span::Span;

/// Replacements in a source text, which do not overlap.
pub(crate) struct Edits<'a> {
    source: &'a str,
    list: Vec<(Span, String)>,
}

impl<'a> Edits<'a> {
    pub(crate) fn of(source: &'a str) -> Self {
        Self { source, list: Vec::new() }
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(crate) fn replace(&mut self, span: Span, text: String) {
        if !self.list.iter().any(|(edited, _)| *edited == span) {
            self.list.push((span, text));
        }
    }

    pub(crate) fn applied(mut self) -> String {
        self.list.sort_by_key(|(span, _)| span.start);
        let (mut text, mut at) = (String::new(), 0);
        for (span, replacement) in &self.list {
            text += self.source.get(at..span.start as usize).unwrap_or_default();
            text += replacement;
            at = span.end as usize;
        }
        text + self.source.get(at..).unwrap_or_default()
    }
}
