//! What `docs/` says of properties, signals, messages and statistics is what the elements have.
//!
//! `UPDATE_PAGES=1 cargo test --test pages` updates the tables of properties; the others are written by hand.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use common::{Camera, H264, Viewer, unit};
use gst::glib;
use gst::glib::SignalFlags;
use gst::glib::subclass::SignalId;
use gst::prelude::*;
use serde_json::Value;

const BEGIN: &str = "<!-- properties: written by tests/pages.rs -->\n";
const END: &str = "<!-- end of properties -->\n";

#[test]
fn tutksrc() {
    check("tutksrc");
}

#[test]
fn tutksink() {
    check("tutksink");
}

#[test]
fn tutkdemux() {
    check("tutkdemux");
}

#[test]
fn tutkmux() {
    check("tutkmux");
}

#[test]
fn tutkaudiosink() {
    check("tutkaudiosink");
}

#[test]
fn tutktalksrc() {
    check("tutktalksrc");
}

fn check(element: &str) {
    common::init();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{element}.md"));
    let page = fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page says where its table begins");
    let (_, after) = rest.split_once(END).expect("the page says where its table ends");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table(element));
    if env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&file, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/{element}.md is behind: UPDATE_PAGES=1 cargo test --test pages brings it up");
    }
}

fn table(element: &str) -> String {
    let element = gst::ElementFactory::make(element).build().unwrap();
    let properties = element.list_properties();
    let own: Vec<_> = properties.iter().filter(|property| property.owner_type() == element.type_()).collect();
    if own.is_empty() {
        return "\nIt has none.\n\n".into();
    }
    let mut table = String::from("\n| property | type, default | what |\n| --- | --- | --- |\n");
    for property in own {
        let blurb = property.blurb().unwrap_or_default().replace('|', "\\|");
        writeln!(table, "| `{}` | {} | {blurb} |", property.name(), kind(property)).unwrap();
    }
    table + "\n"
}

/// The type, the range of numbers, the values of enums, and the default, or who can use it.
fn kind(property: &glib::ParamSpec) -> String {
    let (kind, default) = if let Some(number) = property.downcast_ref::<glib::ParamSpecUInt>() {
        let range = format!("{} to {}", number.minimum(), number.maximum());
        (range, number.default_value().to_string())
    } else if let Some(number) = property.downcast_ref::<glib::ParamSpecInt>() {
        let range = format!("{} to {}", number.minimum(), number.maximum());
        (range, number.default_value().to_string())
    } else if let Some(values) = property.downcast_ref::<glib::ParamSpecEnum>() {
        let nicks: Vec<_> = values.enum_class().values().iter().map(|value| format!("`{}`", value.nick())).collect();
        let default = values.enum_class().value(values.default_value_as_i32()).map(|value| value.nick().to_owned());
        (nicks.join(", "), default.unwrap_or_default())
    } else if let Some(flags) = property.downcast_ref::<glib::ParamSpecFlags>() {
        let nicks = |of: u32| {
            let class = flags.flags_class();
            let set = class.values().iter().filter(|value| value.value() & of != 0);
            set.map(|value| value.nick().to_owned()).collect::<Vec<_>>()
        };
        let all: Vec<_> = nicks(u32::MAX).iter().map(|nick| format!("`{nick}`")).collect();
        (all.join(", "), nicks(flags.default_value_as_u32()).join("+"))
    } else if let Some(text) = property.downcast_ref::<glib::ParamSpecString>() {
        (
            "string".into(),
            text.default_value().filter(|text| !text.is_empty()).map_or("none".into(), |text| text.to_string()),
        )
    } else if let Some(flag) = property.downcast_ref::<glib::ParamSpecBoolean>() {
        ("boolean".into(), flag.default_value().to_string())
    } else {
        (format!("`{}`", property.value_type().name()), "none".into())
    };
    let access = property.flags() & (glib::ParamFlags::READABLE | glib::ParamFlags::WRITABLE);
    if access == glib::ParamFlags::READABLE { format!("{kind}, read only") } else { format!("{kind}; {default}") }
}

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The cells of the rows of the first table after this heading, without the row of its head.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect("the page has this section");
    let lines = section.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let cells = |line: &str| line.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect();
    lines.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// Signals, and the names of their arguments, as the comments of the code have them: GObject keeps no names.
fn signals_of_comments(code: &str) -> Vec<(&str, Vec<&str>)> {
    let comments = code.split("/**").skip(1).filter_map(|rest| rest.split("*/").next());
    let lines = comments.map(|comment| comment.lines().map(|line| line.trim().trim_start_matches("* ")));
    lines
        .filter_map(|lines| {
            let mut lines = lines.filter(|line| !line.is_empty());
            let (_, name) = lines.next()?.strip_suffix(':')?.split_once("::")?;
            Some((name, lines.filter_map(|line| Some(line.strip_prefix('@')?.split_once(':')?.0)).collect()))
        })
        .collect()
}

/// The row of a signal, but for its last cell.
fn row(element: glib::Type, name: &str, arguments: &[&str]) -> Vec<String> {
    let signal = SignalId::lookup(name, element).unwrap().query();
    assert_eq!(signal.n_params() as usize, arguments.len(), "the comment of {name} names all arguments");
    let typed = arguments.iter().zip(signal.param_types());
    let typed: Vec<_> = typed.map(|(name, kind)| format!("`{name}` (`{}`)", glib::Type::from(*kind).name())).collect();
    let action = if signal.flags().contains(SignalFlags::ACTION) { " (action)" } else { "" };
    let returned = glib::Type::from(signal.return_type());
    let or_none = |text: String, is_none| if is_none { "none".into() } else { text };
    vec![
        format!("`{name}`{action}"),
        or_none(typed.join(", "), typed.is_empty()),
        or_none(format!("`{}`", returned.name()), returned == glib::Type::UNIT),
    ]
}

#[test]
fn signals() {
    common::init();
    for element in ["tutksrc", "tutksink"] {
        let kind = gst::ElementFactory::make(element).build().unwrap().type_();
        let code = text(&format!("src/{element}/signals.rs"));
        let signals = signals_of_comments(&code);
        assert_eq!(signals.len(), code.matches("Signal::builder(").count(), "each signal of {element} has a comment");
        let wanted: Vec<_> = signals.iter().map(|(name, arguments)| row(kind, name, arguments)).collect();
        let cached: BTreeSet<_> = cached(element)["signals"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(cached, signals.iter().map(|(name, _)| (*name).to_owned()).collect(), "left: the cache");
        let mut found = rows(&text(&format!("docs/{element}.md")), "Signals");
        found.iter_mut().for_each(|row| row.truncate(3));
        assert_eq!(found, wanted, "left: docs/{element}.md; right: the element");
    }
}

/// What `docs/gst_plugins_cache.json` says of an element. GStreamer's own generator writes it: see CONTRIBUTING.md.
fn cached(element: &str) -> Value {
    let cache: Value = serde_json::from_str(&text("docs/gst_plugins_cache.json")).unwrap();
    cache["tutk"]["elements"][element].clone()
}

#[test]
fn the_plugin_cache_has_all_properties() {
    common::init();
    for feature in gst::Registry::get().features_by_plugin("tutk") {
        let Ok(factory) = feature.downcast::<gst::ElementFactory>() else { continue };
        let (name, element) = (factory.name(), factory.create().build().unwrap());
        let own = element.list_properties();
        let own = own.iter().filter(|property| property.owner_type() == element.type_());
        let wanted: BTreeMap<_, _> =
            own.map(|property| (property.name(), property.blurb().unwrap_or_default())).collect();
        let cached = cached(&name);
        assert!(cached.is_object(), "{name} is not in the cache");
        let properties = cached["properties"].as_object().into_iter().flatten();
        let found = properties.map(|(name, property)| (name.as_str(), property["blurb"].as_str().unwrap_or_default()));
        assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted, "left: the cache's {name}; right: the element");
    }
}

/// The names of fields that this code puts into structures.
fn fields_of_code(code: &str) -> BTreeSet<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let fields = code.split(".field").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix("_if_some").unwrap_or(rest).strip_prefix('(')?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    });
    fields.map(|name| format!("`{name}`")).collect()
}

/// Name and type of each field.
fn typed_fields(structure: &gst::StructureRef) -> Vec<[String; 2]> {
    let typed = |(name, value): (&glib::GStr, &glib::SendValue)| [name.to_string(), value.type_().name().to_string()];
    structure.iter().map(|field| typed(field).map(|text| format!("`{text}`"))).collect()
}

#[test]
fn messages_and_statistics() {
    let camera = Camera::start(H264);
    let viewer = Viewer::watch(&camera);
    let connected = viewer.message("tutk-connected");
    camera.push(unit(0, true), true);
    viewer.pull();
    let statistics: gst::Structure = viewer.src.property("stats");
    camera.stop();
    let disconnected = viewer.message("tutk-disconnected");

    let page = text("docs/tutksrc.md");
    let rows_of_messages = rows(&page, "Messages");
    for structure in [&connected, &disconnected] {
        let message = format!("`{}`", structure.name());
        for [field, kind] in typed_fields(structure) {
            let row = [&message, &field, &kind];
            assert!(rows_of_messages.iter().any(|cells| cells.iter().take(3).eq(row)), "no row has {row:?}");
        }
    }
    let fields = rows_of_messages.iter().map(|cells| cells[1].clone()).collect();
    assert_eq!(fields_of_code(&text("src/tutksrc/messages.rs")), fields, "left: the code; right: docs/tutksrc.md");

    let rows_of_statistics = rows(&page, "Statistics");
    for row in typed_fields(&statistics) {
        assert!(rows_of_statistics.iter().any(|cells| cells.iter().take(2).eq(&row)), "no row has {row:?}");
    }
    let fields = rows_of_statistics.iter().map(|cells| cells[0].clone()).collect();
    assert_eq!(fields_of_code(&text("src/tutksrc/stats.rs")), fields, "left: the code; right: docs/tutksrc.md");
}
