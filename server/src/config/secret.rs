use serde::de::{Deserialize, Deserializer, Error};
use tutk::Secret;

/// A secret in a file of settings. What is wrong with it is said without showing it, as serde would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden(pub(crate) Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer).map_err(|_| D::Error::custom("this secret is no text"))? {
            toml::Value::String(text) => Ok(Self(text.into())),
            _ => Err(D::Error::custom("this secret is no text; write it between quotation marks")),
        }
    }
}
