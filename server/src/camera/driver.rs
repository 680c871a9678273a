//! What brings a camera from one state to the next.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use gst::prelude::*;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::session::{PLAYS, Session};
use super::status::Connection;
use super::{Camera, State, Status};
use crate::config::Encryption;

/// How long a session goes on without a viewer: a player often looks first, and comes again to play.
const LINGER: Duration = Duration::from_secs(5);
/// How long after a failure nothing is tried. Cameras lock accounts after some wrong passwords.
const PAUSE: Duration = Duration::from_secs(30);

/// How a session ended.
enum End {
    /// Nobody watches.
    Unwatched,
    Closed,
    /// In words for the camera's owner.
    Failed(String),
}

/// Connects the camera whenever somebody watches it, until it is closed.
pub(crate) async fn drive(camera: Arc<Camera>) {
    let mut viewers = camera.viewers.subscribe();
    let mut closed = camera.closed.subscribe();
    loop {
        tokio::select! {
            _ = viewers.wait_for(|viewers| *viewers > 0) => {}
            _ = closed.wait_for(|closed| *closed) => return,
        }
        camera.update(|status| *status = Status { state: State::Connecting, ..Status::default() });
        let end = play(&camera, &mut viewers, &mut closed).await;
        let reason = match end {
            End::Unwatched => {
                camera.update(|status| *status = Status::default());
                continue;
            }
            End::Closed => return camera.update(|status| *status = Status::default()),
            End::Failed(reason) => reason,
        };
        camera.update(|status| *status = Status { state: State::Failed, reason: Some(reason), connection: None });
        tokio::select! {
            () = sleep(PAUSE) => {}
            _ = closed.wait_for(|closed| *closed) => return,
        }
    }
}

async fn play(camera: &Arc<Camera>, viewers: &mut watch::Receiver<usize>, closed: &mut watch::Receiver<bool>) -> End {
    let mut config = camera.config.clone();
    if camera.must_be_encrypted() {
        config.encryption = Some(Encryption::Required);
    }
    let session = match spawn_blocking(move || Session::new(&config)).await {
        Ok(Ok(session)) => Arc::new(session),
        Ok(Err(error)) => return End::Failed(error.to_string()),
        Err(error) => return End::Failed(format!("this program has an error: {error}")),
    };
    *camera.lock_session() = Some(session.clone());
    let end = follow(camera, &session, viewers, closed).await;
    *camera.lock_session() = None;
    session.end_consumers();
    // It may take as long as a camera takes to answer.
    let _ = spawn_blocking(move || session.pipeline.set_state(gst::State::Null)).await;
    end
}

/// Plays the session until it is over.
async fn follow(
    camera: &Camera,
    session: &Arc<Session>,
    viewers: &mut watch::Receiver<usize>,
    closed: &mut watch::Receiver<bool>,
) -> End {
    let Some(bus) = session.pipeline.bus() else { return End::Failed("its pipeline has no bus".into()) };
    let mut messages = bus.stream();
    let started = session.clone();
    let started = spawn_blocking(move || started.pipeline.set_state(gst::State::Playing)).await;
    if !matches!(started, Ok(Ok(_))) {
        // A message says why.
        while let Some(Some(message)) = messages.next().now_or_never() {
            if let Some(reason) = heard(camera, session, &message) {
                return End::Failed(reason);
            }
        }
        return End::Failed("it cannot be played".into());
    }
    let mut unwatched = pin!(unwatched(viewers));
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return End::Failed("its pipeline has no bus".into()) };
                if let Some(reason) = heard(camera, session, &message) {
                    return End::Failed(reason);
                }
            }
            () = &mut unwatched => return End::Unwatched,
            _ = closed.wait_for(|closed| *closed) => return End::Closed,
        }
    }
}

/// Returns when nobody has watched for a while.
async fn unwatched(viewers: &mut watch::Receiver<usize>) {
    loop {
        if viewers.wait_for(|viewers| *viewers == 0).await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(LINGER) => return,
            _ = viewers.wait_for(|viewers| *viewers > 0) => {}
        }
    }
}

/// What a pipeline reports; returns why it is over, if it is.
fn heard(camera: &Camera, session: &Session, message: &gst::Message) -> Option<String> {
    match message.view() {
        gst::MessageView::Error(error) if error.error().matches(gst::ResourceError::NotAuthorized) => {
            let error = error.error();
            let (text, place) = (error.message(), &camera.config.password_place);
            let mut text = format!("{text} Its password is in {place}; SIGHUP makes this server read it again.");
            if camera.must_be_encrypted() {
                let place = camera.encrypted.place();
                text += &format!(
                    " Its sessions were encrypted before, and plain ones are refused since; {place} keeps that."
                );
            }
            Some(text)
        }
        gst::MessageView::Error(error) => Some(error.error().message().into()),
        gst::MessageView::Eos(_) => Some("its stream has ended".into()),
        // While there is no session, each try says more exactly what is wrong.
        gst::MessageView::Warning(warning) => {
            if camera.status().connection.is_some() {
                eprintln!("Camera {}: {}", camera.name, warning.error().message());
            }
            None
        }
        gst::MessageView::Element(element) => {
            let structure = element.structure()?;
            match structure.name().as_str() {
                "tutk-connected" => {
                    let connection = Connection::from_message(structure);
                    if connection.encrypted {
                        camera.encrypted.add(camera.config.uid);
                    }
                    camera.update(|status| {
                        *status = Status { state: State::Connecting, reason: None, connection: Some(connection) };
                    });
                }
                "tutk-disconnected" => {
                    session.end_consumers();
                    let reason = why_away(structure);
                    camera.update(|status| {
                        *status = Status { state: State::Away, reason: Some(reason), connection: None };
                    });
                }
                _ => {}
            }
            None
        }
        gst::MessageView::Application(application) if application.has_name(PLAYS) => {
            // The session may be lost again.
            if session.plays() {
                camera.update(|status| {
                    status.state = State::Playing;
                    status.reason = None;
                });
            }
            None
        }
        _ => None,
    }
}

/// What `tutk-disconnected` says, in words for the camera's owner.
fn why_away(message: &gst::StructureRef) -> String {
    match message.get::<&str>("reason") {
        Ok("not-found") => {
            "it does not answer. Is it switched on, and in the same network as this computer? For a camera in \
                            another subnet, set “address” in its settings"
                .into()
        }
        _ => message.get("text").unwrap_or_else(|_| "it is away".into()),
    }
}
