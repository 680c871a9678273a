//! The tables of properties in `docs/` say what the elements say of themselves.
//!
//! `UPDATE_PAGES=1 cargo test --test pages` writes them anew.

mod common;

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use gst::glib;
use gst::prelude::*;

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
    let mut table = String::from("\n| property | type, default | what |\n| --- | --- | --- |\n");
    for property in element.list_properties().iter().filter(|property| property.owner_type() == element.type_()) {
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
    } else if let Some(values) = property.downcast_ref::<glib::ParamSpecEnum>() {
        let nicks: Vec<_> = values.enum_class().values().iter().map(|value| format!("`{}`", value.nick())).collect();
        let default = values.enum_class().value(values.default_value_as_i32()).map(|value| value.nick().to_owned());
        (nicks.join(", "), default.unwrap_or_default())
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
