//! Detects that the file changed: its length and its validator identify one version of it.

use super::fault::FaultCause;
use super::http::ResponseHead;

/// Length and validator of the file that is being played.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct FileIdentity {
    /// Length in bytes.
    pub(super) size: Option<u64>,
    validator: Option<u32>,
}

impl FileIdentity {
    /// A file of which at most the length is known, from the catalog.
    pub(super) const fn of_size(size: Option<u64>) -> Self {
        Self { size, validator: None }
    }

    /// Takes over length and validator from `head`; fails with [`FaultCause::FileChanged`] if that
    /// contradicts an earlier response.
    pub(super) fn update(&mut self, head: &ResponseHead) -> Result<(), FaultCause> {
        let total = head.content_range.and_then(|range| range.total);
        let differs = |known: &Option<u64>| known.zip(total).is_some_and(|(a, b)| a != b);
        let other = self.validator.is_some()
            && head.validator.is_some()
            && self.validator != head.validator;
        if differs(&self.size) || other {
            return Err(FaultCause::FileChanged);
        }
        self.size = self.size.or(total);
        if self.validator.is_none() {
            self.validator = head.validator;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::ContentRange;
    use super::*;

    fn head(total: Option<u64>, validator: Option<u32>) -> ResponseHead {
        ResponseHead {
            status: 206,
            content_range: Some(ContentRange { range: None, total }),
            validator,
            ..ResponseHead::default()
        }
    }

    #[test]
    fn file_is_the_same_while_length_and_validator_are() {
        let mut file = FileIdentity::default();
        assert_eq!(file.update(&head(Some(10), Some(1))), Ok(()));
        assert_eq!(file.update(&head(None, None)), Ok(()));
        assert_eq!(file.update(&head(Some(10), Some(1))), Ok(()));
        assert_eq!(file.update(&head(Some(11), Some(1))), Err(FaultCause::FileChanged));
        assert_eq!(file.update(&head(Some(10), Some(2))), Err(FaultCause::FileChanged));
        assert_eq!(file.size, Some(10));
    }
}
