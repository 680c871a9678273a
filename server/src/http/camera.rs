//! The camera that a request's path names.

use std::sync::Arc;

use axum::extract::{Extension, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::App;
use super::answer::Failure;
use crate::access::Access;
use crate::camera::Camera;

/// One that may be watched. A guest does not learn which others there are.
pub(super) struct Watched(pub(super) Arc<Camera>);

impl FromRequestParts<Arc<App>> for Watched {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let name = Path::<String>::from_request_parts(parts, app).await;
        let Path(name) = name.map_err(|error| Failure::bad_request(error.body_text()).into_response())?;
        let access = Extension::<Access>::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        let camera = app.site.camera(&name).filter(|_| access.includes(&name));
        camera.map(Self).ok_or_else(|| Failure::no_camera(&name).into_response())
    }
}

/// One that may be controlled.
pub(super) struct Controlled(pub(super) Arc<Camera>);

impl FromRequestParts<Arc<App>> for Controlled {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Watched(camera) = Watched::from_request_parts(parts, app).await?;
        let Extension(access) =
            Extension::<Access>::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        if access.is_full() { Ok(Self(camera)) } else { Err(Failure::guest().into_response()) }
    }
}
