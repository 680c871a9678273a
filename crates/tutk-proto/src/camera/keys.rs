use std::sync::Arc;

use super::Access;
use crate::security::{Identity, Keys, Provider, Psk};

/// Whom encrypted sessions let in.
#[derive(Debug)]
pub(super) struct CameraKeys {
    pub(super) access: Access,
    pub(super) more: Option<Arc<dyn Keys>>,
    pub(super) provider: Arc<dyn Provider>,
}

impl Keys for CameraKeys {
    fn find(&self, identity: &[u8]) -> Option<Psk> {
        match &self.access {
            Access::Account { account, password } if identity == Identity::Account(account).to_bytes() => {
                Some(Psk::new(self.provider.as_ref(), password))
            }
            _ => self.more.as_ref()?.find(identity),
        }
    }
}
