//! `tutk.sessions`: the context by which elements of a pipeline find each other's sessions.
//!
//! A bin keeps one context of each type. So this one carries a registry: a single session in it would be the wrong camera's
//! where there are several.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::{Ears, Speaker};

/// The type of the context.
pub(crate) const CONTEXT: &str = "tutk.sessions";
/// Where the context has the registry.
const FIELD: &str = "sessions";

glib::wrapper! {
    /// Who has a session with which camera, and which cameras there are.
    pub(crate) struct Sessions(ObjectSubclass<imp::Sessions>) @extends gst::Object;
}

/// Something of a camera.
#[derive(Debug)]
struct Entry<T> {
    uid: String,
    what: Weak<T>,
}

/// Those of each kind, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Table {
    speakers: Vec<Entry<Speaker>>,
    ears: Vec<Entry<Ears>>,
}

mod imp {
    use super::*;

    #[derive(Default)]
    pub(crate) struct Sessions(pub(super) Mutex<Table>);

    #[glib::object_subclass]
    impl ObjectSubclass for Sessions {
        const NAME: &'static str = "GstTutkSessions";
        type Type = super::Sessions;
        type ParentType = gst::Object;
    }

    impl ObjectImpl for Sessions {}
    impl GstObjectImpl for Sessions {}
}

impl Sessions {
    /// The registry that this element shares with others: that of its bin or of the application, and otherwise a new one, which it
    /// offers to its bin. To be called on the way to PAUSED, without a lock: handlers of messages may run.
    pub(crate) fn of(element: &impl IsA<gst::Element>) -> Self {
        let element = element.upcast_ref::<gst::Element>();
        if let Some(known) = Self::known(element) {
            return known;
        }
        // Without a bus it is refused.
        let _ = element.post_message(gst::message::NeedContext::builder(CONTEXT).src(element).build());
        if let Some(known) = Self::known(element) {
            return known;
        }
        let new: Self = glib::Object::new();
        let mut context = gst::Context::new(CONTEXT, false);
        if let Some(context) = context.get_mut() {
            context.structure_mut().set(FIELD, &new);
        }
        element.set_context(&context);
        let _ = element.post_message(gst::message::HaveContext::builder(context).src(element).build());
        new
    }

    fn known(element: &gst::Element) -> Option<Self> {
        element.context(CONTEXT)?.structure().get(FIELD).ok()
    }

    /// A `tutksrc` with this UID has started.
    pub(crate) fn add_speaker(&self, uid: &str, speaker: &Arc<Speaker>) {
        add(&mut self.table().speakers, uid, speaker);
    }

    /// It has stopped.
    pub(crate) fn remove_speaker(&self, speaker: &Arc<Speaker>) {
        remove(&mut self.table().speakers, speaker);
    }

    /// Of the `tutksrc` with this UID; one that has a session comes before one that has none.
    pub(crate) fn speaker(&self, uid: &str) -> Option<Arc<Speaker>> {
        let all = find(&self.table().speakers, uid);
        all.iter().find(|speaker| speaker.has_session()).or(all.first()).cloned()
    }

    /// A `tutksink` with this UID has started.
    pub(crate) fn add_ears(&self, uid: &str, ears: &Arc<Ears>) {
        add(&mut self.table().ears, uid, ears);
    }

    /// It has stopped.
    pub(crate) fn remove_ears(&self, ears: &Arc<Ears>) {
        remove(&mut self.table().ears, ears);
    }

    /// Of the `tutksink` with this UID.
    pub(crate) fn ears(&self, uid: &str) -> Option<Arc<Ears>> {
        find(&self.table().ears, uid).into_iter().next()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.imp().0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add<T>(entries: &mut Vec<Entry<T>>, uid: &str, what: &Arc<T>) {
    remove(entries, what);
    entries.push(Entry { uid: uid.to_owned(), what: Arc::downgrade(what) });
}

fn remove<T>(entries: &mut Vec<Entry<T>>, what: &Arc<T>) {
    entries.retain(|entry| entry.what.strong_count() > 0 && entry.what.as_ptr() != Arc::as_ptr(what));
}

/// Applications may write a UID in lower case, and cameras are found all the same.
fn find<T>(entries: &[Entry<T>], uid: &str) -> Vec<Arc<T>> {
    entries
        .iter()
        .filter(|entry| entry.uid.eq_ignore_ascii_case(uid))
        .filter_map(|entry| entry.what.upgrade())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element() -> gst::Element {
        gst::init().unwrap();
        gst::ElementFactory::make("identity").build().unwrap()
    }

    #[test]
    fn elements_of_a_pipeline_have_the_same_registry_and_others_have_not() {
        let (a, b, c) = (element(), element(), element());
        let (pipeline, inner) = (gst::Pipeline::new(), gst::Bin::new());
        inner.add(&b).unwrap();
        pipeline.add_many([&a, inner.upcast_ref()]).unwrap();
        let of_b = Sessions::of(&b);
        assert!(Sessions::of(&a) == of_b && Sessions::of(&b) == of_b);
        assert!(Sessions::of(&c) != of_b);
        // An application may let pipelines share one.
        let other = gst::Pipeline::new();
        other.set_context(&pipeline.context(CONTEXT).unwrap());
        other.add(&element()).unwrap();
        let d = other.children().remove(0);
        assert!(Sessions::of(&d) == of_b);
    }

    #[test]
    fn sessions_are_found_by_uid_as_long_as_they_are_there() {
        gst::init().unwrap();
        let sessions: Sessions = glib::Object::new();
        let (first, second) = (Arc::<Speaker>::default(), Arc::<Speaker>::default());
        sessions.add_speaker("A", &first);
        sessions.add_speaker("B", &second);
        sessions.add_speaker("A", &second);
        assert!(Arc::ptr_eq(&sessions.speaker("a").unwrap(), &first));
        sessions.remove_speaker(&first);
        assert!(Arc::ptr_eq(&sessions.speaker("A").unwrap(), &second));
        drop(second);
        assert!(sessions.speaker("A").is_none() && sessions.speaker("B").is_none());
    }
}
