//! Bytes that are nearly always text, in JSON: arguments, environment entries and names of files.
//!
//! UTF-8 becomes a string, which people can read in the state files; anything else becomes a list of bytes, so
//! that nothing is lost. Used as `#[serde(with = "shared::text::list")]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

impl From<&OsString> for Text {
    fn from(value: &OsString) -> Text {
        value.to_str().map_or_else(|| Text::Bytes(value.as_bytes().to_vec()), |text| Text::Utf8(text.into()))
    }
}

impl From<Text> for OsString {
    fn from(text: Text) -> OsString {
        match text {
            Text::Utf8(text) => text.into(),
            Text::Bytes(bytes) => OsString::from_vec(bytes),
        }
    }
}

/// One value that may be missing.
pub mod option {
    use super::*;

    #[allow(missing_docs, reason = "the two functions that serde's `with` asks for")]
    pub fn serialize<S: Serializer>(value: &Option<OsString>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Text::from).serialize(serializer)
    }

    #[allow(missing_docs, reason = "the two functions that serde's `with` asks for")]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OsString>, D::Error> {
        Ok(Option::<Text>::deserialize(deserializer)?.map(OsString::from))
    }
}

/// A list of values.
pub mod list {
    use super::*;

    #[allow(missing_docs, reason = "the two functions that serde's `with` asks for")]
    pub fn serialize<S: Serializer>(values: &[OsString], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(Text::from))
    }

    #[allow(missing_docs, reason = "the two functions that serde's `with` asks for")]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OsString>, D::Error> {
        Ok(Vec::<Text>::deserialize(deserializer)?.into_iter().map(OsString::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Words(#[serde(with = "list")] Vec<OsString>);

    #[test]
    fn text_stays_readable_and_bytes_come_back() {
        let words = Words(vec!["printf".into(), OsString::from_vec(vec![0xff, 0xfe])]);
        let json = serde_json::to_string(&words).unwrap();
        assert_eq!(json, r#"["printf",[255,254]]"#);
        assert_eq!(serde_json::from_str::<Words>(&json).unwrap(), words);
    }
}
