//! Tells the plugin its version, date and origin.

fn main() {
    gst_plugin_version_helper::info();
    // The macro that defines a plugin takes literals only.
    let of_manifest = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let origin = of_manifest("CARGO_PKG_REPOSITORY").or_else(|| of_manifest("CARGO_PKG_NAME")).unwrap_or_default();
    println!("cargo::rustc-env=PLUGIN_ORIGIN={origin}");
}
