//! Users who watch some of the cameras, and control none.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::secret::Hidden;
use super::{CameraConfig, Credentials, Login};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Section {
    password: Option<Hidden>,
    password_file: Option<PathBuf>,
    cameras: BTreeSet<String>,
}

/// A user who is not the one of the section `[login]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) login: Login,
    /// The names of the cameras that this user may watch.
    pub(crate) cameras: Arc<BTreeSet<String>>,
}

pub(super) fn check(
    sections: BTreeMap<String, Section>,
    login: Option<&Login>,
    cameras: &BTreeMap<String, CameraConfig>,
    credentials: &Credentials,
) -> Result<Vec<Guest>, Box<dyn Error>> {
    if login.is_none() && !sections.is_empty() {
        return Err("guests need a section [login]: without it, everybody sees everything".into());
    }
    let guest = |(user, section): (String, Section)| {
        let place = format!("guest “{}”", user.escape_debug());
        section.check(user, login, cameras, credentials).map_err(|error| format!("{place}: {error}").into())
    };
    sections.into_iter().map(guest).collect()
}

impl Section {
    fn check(
        self,
        user: String,
        login: Option<&Login>,
        cameras: &BTreeMap<String, CameraConfig>,
        credentials: &Credentials,
    ) -> Result<Guest, Box<dyn Error>> {
        if login.is_some_and(|login| login.user == user) {
            return Err("the section [login] has the same user".into());
        }
        if let Some(unknown) = self.cameras.iter().find(|name| !cameras.contains_key(*name)) {
            return Err(format!("there is no camera “{}”", unknown.escape_debug()).into());
        }
        let credential = format!("guest_{user}");
        let login = Login::new(user, self.password, self.password_file.as_deref(), &credential, credentials)?;
        Ok(Guest { login, cameras: Arc::new(self.cameras) })
    }
}
