//! Who may watch by RTSP.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use gst::glib;
use gst::subclass::prelude::*;
use gst_rtsp_server::gst_rtsp::RTSPAuthMethod;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::subclass::prelude::*;
use gst_rtsp_server::{RTSPContext, RTSPToken, gio};

use super::clients::{self, Clients};
use crate::config::{Guest, Login};
use crate::site::Site;

const REALM: &str = "tutk-server";
const TOKEN_ROLE: &str = "media.factory.role";
/// The role of those who may see everything.
pub(super) const ROLE: &str = "viewer";

/// The role of a guest, which is no other one's. It is the name of a structure, so that not every character can be in it.
pub(super) fn role_of(guest: &Guest) -> String {
    guest.login.user.bytes().fold("guest-".into(), |role, byte| format!("{role}{byte:02x}"))
}

/// Whether the request under way may change what others watch.
pub(super) fn may_control() -> bool {
    RTSPContext::with_current_context(|context| context.token()?.string(TOKEN_ROLE)).flatten().as_deref() == Some(ROLE)
}

struct Logins {
    site: Arc<Site>,
    clients: Arc<Clients>,
}

mod imp {
    use super::*;

    #[derive(Default)]
    pub(crate) struct Auth {
        pub(super) logins: OnceLock<Logins>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Auth {
        const NAME: &'static str = "TutkServerAuth";
        type Type = super::Auth;
        type ParentType = gst_rtsp_server::RTSPAuth;
    }

    impl ObjectImpl for Auth {}

    impl RTSPAuthImpl for Auth {
        fn check(&self, context: &RTSPContext, check: &glib::GString) -> bool {
            let is_connection = check == "auth.check.connect";
            let is_welcome = || self.logins.get().is_some_and(|logins| logins.clients.lets_in(context));
            (!is_connection || is_welcome()) && self.parent_check(context, check)
        }

        /// As the base class, which sets a token if the login is right. The password of a host that guesses is not looked at.
        fn authenticate(&self, context: &RTSPContext) -> bool {
            let is_login = context.request().is_some_and(|request| !request.parse_auth_credentials().is_empty());
            let Some(logins) = self.logins.get().filter(|_| is_login) else { return self.parent_authenticate(context) };
            let Some(host) = clients::host(context) else { return true };
            let now = Instant::now();
            if logins.site.attempts.wait(host, now).is_some() {
                return true;
            }
            let answer = self.parent_authenticate(context);
            if context.token().is_none() {
                logins.site.attempts.failed(host, now);
            }
            answer
        }
    }
}

glib::wrapper! {
    /// Asks for the login, and slows down those who guess.
    pub(crate) struct Auth(ObjectSubclass<imp::Auth>) @extends gst_rtsp_server::RTSPAuth;
}

impl Auth {
    /// Without a login everybody may watch.
    pub(super) fn new(
        login: Option<&Login>,
        guests: &[Guest],
        tls: Option<&gio::TlsCertificate>,
        site: Arc<Site>,
        clients: Arc<Clients>,
    ) -> Self {
        let auth: Self = glib::Object::new();
        auth.imp().logins.get_or_init(|| Logins { site, clients });
        auth.set_supported_methods(RTSPAuthMethod::Digest);
        auth.set_realm(Some(REALM));
        let token = |role: &str| RTSPToken::builder().field(TOKEN_ROLE, role).build();
        match login {
            Some(login) => auth.add_digest(&login.user, login.password.reveal(), &token(ROLE)),
            None => auth.set_default_token(Some(&mut token(ROLE))),
        }
        for guest in guests {
            auth.add_digest(&guest.login.user, guest.login.password.reveal(), &token(&role_of(guest)));
        }
        if tls.is_some() {
            auth.set_tls_certificate(tls);
        }
        auth
    }
}
